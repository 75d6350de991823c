// @strapi/client: accounts, tokens and the ways to send them.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { HTTPAuthorizationError, HTTPBadRequestError, HTTPForbiddenError } from '@strapi/client';
import {
  BAD_TOKEN,
  ENDED_TOKEN,
  FORBIDDEN,
  PASSWORD,
  administrator,
  apiError,
  assertJwt,
  assertRole,
  assertUser,
  client,
  clientWithLogin,
  endpoint,
  errorBody,
  fieldError,
  login,
  register,
} from './support.mjs';

const me = (client) => client.single('me', { path: '/users/me' });

/** Notes the requests from now on as `METHOD /path`, in their order. */
function noting(t) {
  const real = globalThis.fetch;
  const noted = [];
  t.mock.method(globalThis, 'fetch', (request, init) => {
    noted.push({
      line: `${request.method} ${new URL(request.url).pathname}`,
      token: request.headers.get('authorization'),
    });
    return real(request, init);
  });
  return noted;
}

const lines = (noted) => noted.map(({ line }) => line);

describe('@strapi/client: register', () => {
  const registration = () => endpoint(client(), 'auth/local/register');

  test('answers a token and the user', async () => {
    const { jwt, user } = await registration().create({
      username: 'ca_new',
      email: 'CA_New@Example.com',
      password: PASSWORD,
    });
    assertJwt(jwt);
    assertUser(user);
    assert.equal(user.email, 'ca_new@example.com');
    assert.deepEqual([user.confirmed, user.blocked], [true, false]);
  });

  test('refuses what is taken', async () => {
    await register('ca_taken');
    const again = { username: 'ca_taken', email: 'ca_free@example.com', password: PASSWORD };
    assert.deepEqual(
      await errorBody(registration().create(again), HTTPBadRequestError),
      apiError(400, 'ApplicationError', 'Email or Username are already taken'),
    );
  });

  test('lists every broken rule', async () => {
    const body = await errorBody(registration().create({ email: 'nowhere' }), HTTPBadRequestError);
    assert.deepEqual(
      body,
      apiError(400, 'ValidationError', '3 errors occurred', {
        errors: [
          fieldError('email', 'email must be a valid email'),
          fieldError('username', 'username is a required field'),
          fieldError('password', 'password is a required field'),
        ],
      }),
    );
  });

  test('refuses other keys by name', async () => {
    const body = {
      username: 'ca_x',
      email: 'ca_x@example.com',
      password: PASSWORD,
      blocked: false,
    };
    const { error } = await errorBody(registration().create(body), HTTPBadRequestError);
    assert.equal(error.message, 'Invalid parameters: blocked');
  });
});

describe('@strapi/client: login', () => {
  before(() => register('ca_login'));
  const door = () => endpoint(client(), 'auth/local');

  test('answers a token and the user', async () => {
    const { jwt, user } = await door().create({ identifier: 'ca_login', password: PASSWORD });
    assertJwt(jwt);
    assertUser(user);
  });

  test('refuses wrong credentials', async () => {
    const refused = apiError(400, 'ValidationError', 'Invalid identifier or password');
    for (const identifier of ['ca_login', 'ca_nobody']) {
      const attempt = door().create({ identifier, password: 'wrong-Pass1' });
      assert.deepEqual(await errorBody(attempt, HTTPBadRequestError), refused);
    }
  });

  test('with a token of somebody signed in is forbidden', async () => {
    const { jwt } = await login('ca_login');
    const attempt = endpoint(client(jwt), 'auth/local').create({
      identifier: 'ca_login',
      password: PASSWORD,
    });
    assert.deepEqual(await errorBody(attempt, HTTPForbiddenError), FORBIDDEN);
  });
});

describe('@strapi/client: a token', () => {
  test('is who one is', async () => {
    const { jwt } = await register('ca_me');
    const mine = client(jwt);
    const user = await me(mine).find();
    assertUser(user);
    assert.equal(user.username, 'ca_me');
    assert.deepEqual(await mine.collection('users').findOne('me'), user);
    assert.deepEqual(await (await mine.fetch('/users/me')).json(), user);
  });

  test("works as a header of one's own", async () => {
    const { jwt } = await register('ca_header');
    const headers = { Authorization: `bearer ${jwt}` };
    const response = await client().fetch('/users/me', { headers });
    assert.equal((await response.json()).username, 'ca_header');
  });

  test('me takes fields and populate', async () => {
    const admin = me(client(await administrator()));
    const user = await admin.find({ fields: ['username'], populate: ['role'] });
    assert.deepEqual(Object.keys(user).sort(), ['documentId', 'id', 'role', 'username']);
    assertRole(user.role);
    const { jwt } = await register('ca_roleless');
    assertUser(await me(client(jwt)).find({ populate: ['role'] }));
  });

  test('that does not verify is unauthorized, on public routes too', async () => {
    const bad = client('undefined');
    const { jwt } = await register('ca_forged');
    const forged = client(`${jwt.slice(0, -4)}AAAA`);
    for (const somebody of [bad, forged]) {
      for (const attempt of [
        () => me(somebody).find(),
        () => somebody.collection('articles').find(),
        () => somebody.fetch('/ping'),
      ]) {
        assert.deepEqual(await errorBody(attempt(), HTTPAuthorizationError), BAD_TOKEN);
      }
    }
  });

  test('ends with its user, and with a block', async () => {
    const users = client(await administrator()).collection('users');
    const gone = await register('ca_gone');
    await users.delete(gone.user.id);
    assert.deepEqual(
      await errorBody(me(client(gone.jwt)).find(), HTTPAuthorizationError),
      ENDED_TOKEN,
    );
    const blocked = await register('ca_blocked');
    await users.update(blocked.user.id, { blocked: true });
    assert.deepEqual(
      await errorBody(me(client(blocked.jwt)).find(), HTTPAuthorizationError),
      ENDED_TOKEN,
    );
  });

  test('is missing: forbidden, not unauthorized', async () => {
    assert.deepEqual(await errorBody(me(client()).find(), HTTPForbiddenError), FORBIDDEN);
  });
});

describe('@strapi/client: the hidden login strategy', () => {
  test('logs in before the first request, and once', async (t) => {
    await register('ca_strategy');
    const noted = noting(t);
    const somebody = clientWithLogin('ca_strategy', PASSWORD);
    assert.equal((await me(somebody).find()).username, 'ca_strategy');
    assert.equal((await me(somebody).find()).username, 'ca_strategy');
    assert.deepEqual(lines(noted), [
      'POST /api/auth/local',
      'GET /api/users/me',
      'GET /api/users/me',
    ]);
  });

  test('parallel first requests each log in', async (t) => {
    await register('ca_parallel');
    const noted = noting(t);
    const somebody = clientWithLogin('ca_parallel@example.com', PASSWORD);
    const users = await Promise.all([1, 2, 3].map(() => me(somebody).find()));
    users.forEach((user) => assert.equal(user.username, 'ca_parallel'));
    const logins = lines(noted).filter((line) => line === 'POST /api/auth/local');
    assert.equal(logins.length, 3);
  });

  test('goes on without a token when the login fails', async (t) => {
    await register('ca_wrong');
    const noted = noting(t);
    const somebody = clientWithLogin('ca_wrong', 'wrong-Pass1');
    assert.ok(Array.isArray((await somebody.collection('articles').find()).data));
    assert.deepEqual(await errorBody(me(somebody).find(), HTTPForbiddenError), FORBIDDEN);
    assert.deepEqual(
      noted.map(({ token }) => token),
      [null, null, null, null],
    );
  });

  test('logs in again after a 401', async (t) => {
    const { user } = await register('ca_again');
    const users = client(await administrator()).collection('users');
    const somebody = clientWithLogin('ca_again', PASSWORD);
    await me(somebody).find();
    // A block ends the token; the account comes back, the token does not.
    await users.update(user.id, { blocked: true });
    await users.update(user.id, { blocked: false });
    const noted = noting(t);
    await errorBody(me(somebody).find(), HTTPAuthorizationError);
    assert.equal((await me(somebody).find()).username, 'ca_again');
    assert.deepEqual(lines(noted), [
      'GET /api/users/me',
      'POST /api/auth/local',
      'GET /api/users/me',
    ]);
    assert.equal(noted[1].token, null);
    assert.notEqual(noted[2].token, noted[0].token);
  });

  test('sends the stale token on while it cannot log in', async () => {
    const { user } = await register('ca_stale');
    const users = client(await administrator()).collection('users');
    const somebody = clientWithLogin('ca_stale', PASSWORD);
    await me(somebody).find();
    await users.update(user.id, { password: 'Another1!' });
    for (const _ of [1, 2]) {
      await errorBody(me(somebody).find(), HTTPAuthorizationError);
    }
  });
});
