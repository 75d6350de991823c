// strapi-sdk-js: accounts and tokens, outside of a browser.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  BAD_TOKEN,
  BASE,
  ENDED_TOKEN,
  FORBIDDEN,
  PASSWORD,
  administrator,
  apiError,
  assertJwt,
  assertRole,
  assertUser,
  fieldError,
  login,
  register,
  sdkJs,
  thrownBody,
} from './support.mjs';

describe('strapi-sdk-js: register', () => {
  test('answers a token and the user', async () => {
    const sdk = sdkJs();
    const { jwt, user } = await sdk.register({
      username: 'ja_new',
      email: 'JA_New@Example.com',
      password: PASSWORD,
    });
    assertJwt(jwt);
    assertUser(user);
    assert.equal(user.username, 'ja_new');
    assert.equal(user.email, 'ja_new@example.com');
    assert.deepEqual([user.confirmed, user.blocked], [true, false]);
    assert.deepEqual(sdk.user, user);
  });

  test('refuses what is taken', async () => {
    await register('ja_taken');
    const taken = apiError(400, 'ApplicationError', 'Email or Username are already taken');
    for (const [username, email] of [
      ['ja_taken', 'ja_other@example.com'],
      ['ja_other', 'JA_TAKEN@example.com'],
    ]) {
      const sdk = sdkJs();
      const body = await thrownBody(sdk.register({ username, email, password: PASSWORD }));
      assert.deepEqual(body, taken);
      assert.equal(sdk.user, null);
    }
  });

  test('lists every missing field', async () => {
    const body = await thrownBody(sdkJs().register({}));
    assert.deepEqual(
      body,
      apiError(400, 'ValidationError', '3 errors occurred', {
        errors: [
          fieldError('email', 'email is a required field'),
          fieldError('username', 'username is a required field'),
          fieldError('password', 'password is a required field'),
        ],
      }),
    );
  });

  test('names the message of a lone error', async () => {
    const body = await thrownBody(
      sdkJs().register({ username: 'ja_bad', email: 'no address', password: PASSWORD }),
    );
    assert.deepEqual(
      body,
      apiError(400, 'ValidationError', 'email must be a valid email', {
        errors: [fieldError('email', 'email must be a valid email')],
      }),
    );
  });

  test('refuses other keys by name', async () => {
    const body = await thrownBody(
      sdkJs().register({
        username: 'ja_more',
        email: 'ja_more@example.com',
        password: PASSWORD,
        role: 3,
        confirmed: true,
      }),
    );
    assert.deepEqual(body, apiError(400, 'ValidationError', 'Invalid parameters: role, confirmed'));
  });

  test('refuses short and overlong passwords', async () => {
    for (const [password, message] of [
      ['Pa1!x', 'password must be at least 6 characters'],
      ['Pa1!'.repeat(18) + 'x', 'Password must be less than 73 bytes'],
    ]) {
      const body = await thrownBody(
        sdkJs().register({ username: 'ja_pw', email: 'ja_pw@example.com', password }),
      );
      assert.deepEqual(
        body,
        apiError(400, 'ValidationError', message, { errors: [fieldError('password', message)] }),
      );
    }
  });
});

describe('strapi-sdk-js: login', () => {
  before(() => register('ja_login'));

  test('takes the username, and the e-mail in any case', async () => {
    for (const identifier of ['ja_login', 'ja_login@example.com', 'Ja_Login@EXAMPLE.com']) {
      const sdk = sdkJs();
      const { jwt, user } = await sdk.login({ identifier, password: PASSWORD });
      assertJwt(jwt);
      assertUser(user);
      assert.equal(user.username, 'ja_login');
      assert.deepEqual(sdk.user, user);
    }
  });

  test('does not tell an unknown user from a wrong password', async () => {
    const refused = apiError(400, 'ValidationError', 'Invalid identifier or password');
    for (const identifier of ['ja_login', 'ja_nobody']) {
      const body = await thrownBody(sdkJs().login({ identifier, password: 'wrong-Pass1' }));
      assert.deepEqual(body, refused);
    }
  });

  test('lists missing fields', async () => {
    const body = await thrownBody(sdkJs().login({}));
    assert.deepEqual(
      body,
      apiError(400, 'ValidationError', '2 errors occurred', {
        errors: [
          fieldError('identifier', 'identifier is a required field'),
          fieldError('password', 'password is a required field'),
        ],
      }),
    );
  });

  test('of a blocked user is told apart only with the right password', async () => {
    const { user } = await register('ja_blocked');
    const admin = sdkJs(await administrator());
    await admin.request('put', `/users/${user.id}`, { data: { blocked: true } });
    const blocked = 'Your account has been blocked by an administrator';
    assert.deepEqual(
      await thrownBody(sdkJs().login({ identifier: 'ja_blocked', password: PASSWORD })),
      apiError(400, 'ApplicationError', blocked),
    );
    assert.deepEqual(
      await thrownBody(sdkJs().login({ identifier: 'ja_blocked', password: 'wrong-Pass1' })),
      apiError(400, 'ValidationError', 'Invalid identifier or password'),
    );
  });

  test('with a token of somebody signed in is forbidden', async () => {
    const { jwt } = await login('ja_login');
    const body = await thrownBody(sdkJs(jwt).login({ identifier: 'ja_login', password: PASSWORD }));
    assert.deepEqual(body, FORBIDDEN);
  });

  test('with a form in place of JSON', async () => {
    const data = new URLSearchParams({ identifier: 'ja_login', password: PASSWORD });
    const { jwt, user } = await sdkJs().request('post', '/auth/local', { data });
    assertJwt(jwt);
    assertUser(user);
  });
});

describe('strapi-sdk-js: fetchUser', () => {
  let jwt;
  before(async () => {
    ({ jwt } = await register('ja_me'));
  });

  test('answers the bare user', async () => {
    const sdk = sdkJs(jwt);
    const user = await sdk.fetchUser();
    assertUser(user);
    assert.equal(user.username, 'ja_me');
    assert.deepEqual(sdk.user, user);
  });

  test('takes fields; the ids always come along', async () => {
    const user = await sdkJs(jwt).fetchUser({ fields: ['email'] });
    assert.deepEqual(Object.keys(user).sort(), ['documentId', 'email', 'id']);
  });

  test('leaves the role out for those who may not read roles', async () => {
    assertUser(await sdkJs(jwt).fetchUser({ populate: 'role' }));
  });

  test('populates the role for the administrator', async () => {
    const user = await sdkJs(await administrator()).fetchUser({ populate: ['role'] });
    assertUser(user, 'role');
    assertRole(user.role);
    assert.equal(user.role.type, 'administrator');
  });

  test('swallows every error and knows nobody then', async () => {
    const sdk = sdkJs();
    assert.equal(await sdk.fetchUser(), null);
    assert.equal(sdk.user, null);
  });
});

describe('strapi-sdk-js: tokens', () => {
  test('nobody is forbidden, not unauthorized', async () => {
    assert.deepEqual(await thrownBody(sdkJs().request('get', '/users/me')), FORBIDDEN);
  });

  test('a bad token is unauthorized, on public routes too', async () => {
    for (const path of ['/users/me', '/articles', '/ping']) {
      assert.deepEqual(await thrownBody(sdkJs('undefined').request('get', path)), BAD_TOKEN);
    }
  });

  test('the scheme is taken in any case', async () => {
    const { jwt } = await register('ja_scheme');
    for (const scheme of ['bearer', 'BEARER']) {
      const headers = { Authorization: `${scheme} ${jwt}` };
      assertUser(await sdkJs().request('get', '/users/me', { headers }));
    }
  });

  test('a token ends with its user', async () => {
    const admin = sdkJs(await administrator());
    const { jwt, user } = await register('ja_gone');
    await admin.request('delete', `/users/${user.id}`);
    assert.deepEqual(await thrownBody(sdkJs(jwt).request('get', '/users/me')), ENDED_TOKEN);
  });

  test('a token ends with a block', async () => {
    const admin = sdkJs(await administrator());
    const { jwt, user } = await register('ja_halted');
    await admin.request('put', `/users/${user.id}`, { data: { blocked: true } });
    assert.deepEqual(await thrownBody(sdkJs(jwt).request('get', '/users/me')), ENDED_TOKEN);
  });
});

test("strapi-sdk-js: the address of a social login is the API's", () => {
  assert.equal(sdkJs().getProviderAuthenticationUrl('github'), `${BASE}/connect/github`);
});
