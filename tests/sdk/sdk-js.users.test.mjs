// strapi-sdk-js: users, as the administrator. Its `create` and `update` wrap bodies in `data`, which
// users do not take, so writing goes through `request`.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  FORBIDDEN,
  PASSWORD,
  administrator,
  apiError,
  assertRole,
  assertUser,
  fieldError,
  login,
  register,
  roleOfType,
  sdkJs,
  thrownBody,
} from './support.mjs';

const names = (users) => users.map((user) => user.username);
const UNKNOWN = apiError(404, 'NotFoundError', 'User not found');

let admin;
let authenticated;
let publicRole;
before(async () => {
  const token = await administrator();
  admin = sdkJs(token);
  authenticated = await roleOfType(token, 'authenticated');
  publicRole = await roleOfType(token, 'public');
});

const create = (username, more = {}) =>
  admin.request('post', '/users', {
    data: {
      username,
      email: `${username}@example.com`,
      password: PASSWORD,
      role: authenticated.id,
      confirmed: true,
      ...more,
    },
  });
const update = (id, data) => admin.request('put', `/users/${id}`, { data });

describe('strapi-sdk-js: writing users', () => {
  test('create answers the user with its role', async () => {
    const user = await create('ju_made', { email: 'JU_Made@example.com' });
    assertUser(user, 'role', 'roles');
    assertRole(user.role);
    assert.equal(user.role.type, 'authenticated');
    assert.equal(user.email, 'ju_made@example.com');
    assert.equal((await login('ju_made')).user.id, user.id);
  });

  test('create takes the role as a relation', async () => {
    for (const [index, role] of [
      publicRole.id,
      String(publicRole.id),
      { connect: [{ id: publicRole.id }] },
      { connect: [{ documentId: publicRole.documentId }] },
      { connect: [publicRole.id] },
    ].entries()) {
      const user = await create(`ju_role${index}`, { role });
      assert.equal(user.role.type, 'public', JSON.stringify(role));
    }
  });

  test('confirmed and blocked are false unless sent', async () => {
    const user = await create('ju_plain', { confirmed: undefined });
    assert.deepEqual([user.confirmed, user.blocked], [false, false]);
  });

  test('create lists every missing field', async () => {
    const body = await thrownBody(admin.request('post', '/users', { data: {} }));
    assert.equal(body.error.name, 'ValidationError');
    assert.equal(body.error.message, `${body.error.details.errors.length} errors occurred`);
    const missing = body.error.details.errors.filter(({ path }) => path[0] !== 'role');
    assert.deepEqual(missing, [
      fieldError('email', 'email is a required field'),
      fieldError('username', 'username is a required field'),
      fieldError('password', 'password is a required field'),
    ]);
  });

  test('create refuses what is taken', async () => {
    await create('ju_taken');
    assert.deepEqual(
      await thrownBody(create('ju_taken', { email: 'ju_free@example.com' })),
      apiError(400, 'ApplicationError', 'This attribute must be unique'),
    );
    assert.deepEqual(
      await thrownBody(create('ju_free', { email: 'ju_taken@example.com' })),
      apiError(400, 'ApplicationError', 'Email already taken'),
    );
  });

  test('a body wrapped in data is refused', async () => {
    const wrapped = admin.create('users', { username: 'ju_wrapped', password: PASSWORD });
    const body = await thrownBody(wrapped);
    assert.equal(body.error.status, 400);
    assert.equal(body.error.name, 'ValidationError');
  });

  test('update changes what it names', async () => {
    const made = await create('ju_before');
    const user = await update(made.id, { username: 'ju_after', role: publicRole.id });
    assertUser(user, 'role', 'roles');
    assert.equal(user.username, 'ju_after');
    assert.equal(user.role.type, 'public');
    assert.equal(user.email, made.email);
    assert.equal(user.documentId, made.documentId);
  });

  test('update without a change', async () => {
    const made = await create('ju_same');
    const user = await update(made.id, {});
    assert.deepEqual({ ...user, updatedAt: made.updatedAt }, made);
  });

  test('update sets a password', async () => {
    const { id } = await create('ju_password');
    await update(id, { password: 'Another1!' });
    assert.equal((await login('ju_password', 'Another1!')).user.id, id);
    const old = sdkJs().login({ identifier: 'ju_password', password: PASSWORD });
    assert.equal((await thrownBody(old)).error.message, 'Invalid identifier or password');
    for (const password of ['', null]) {
      assert.deepEqual(
        await thrownBody(update(id, { password })),
        apiError(400, 'ValidationError', 'password.notNull'),
      );
    }
  });

  test('update refuses what is taken, but not the own values', async () => {
    await create('ju_first');
    const { id } = await create('ju_second');
    assert.deepEqual(
      await thrownBody(update(id, { username: 'ju_first' })),
      apiError(400, 'ApplicationError', 'Username already taken'),
    );
    assert.deepEqual(
      await thrownBody(update(id, { email: 'ju_first@example.com' })),
      apiError(400, 'ApplicationError', 'Email already taken'),
    );
    await update(id, { username: 'ju_second', email: 'ju_second@example.com' });
  });

  test('the role cannot be taken away', async () => {
    const { id } = await create('ju_kept');
    const body = await thrownBody(update(id, { role: { disconnect: [{ id: authenticated.id }] } }));
    assert.equal(body.error.name, 'ValidationError');
    assert.equal(body.error.message, 'Cannot remove role');
    assert.deepEqual(body.error.details.errors[0].path, ['role', 'disconnect']);
  });

  test('delete answers the user', async () => {
    const { id } = await create('ju_deleted');
    const user = await admin.delete('users', id);
    assertUser(user);
    assert.equal(user.id, id);
    assert.deepEqual(await thrownBody(admin.findOne('users', id)), UNKNOWN);
  });

  test('an unknown user is not found', async () => {
    for (const id of [999_999, 'nobody']) {
      assert.deepEqual(await thrownBody(admin.findOne('users', id)), UNKNOWN);
      assert.deepEqual(await thrownBody(update(id, { blocked: true })), UNKNOWN);
      assert.deepEqual(await thrownBody(admin.delete('users', id)), UNKNOWN);
    }
  });

  test("is nobody else's to do", async () => {
    const { jwt, user } = await register('ju_stranger');
    for (const sdk of [sdkJs(), sdkJs(jwt)]) {
      for (const attempt of [
        () => sdk.find('users'),
        () => sdk.findOne('users', user.id),
        () => sdk.request('get', '/users/count'),
        () => sdk.request('post', '/users', { data: {} }),
        () => sdk.request('put', `/users/${user.id}`, { data: { blocked: false } }),
        () => sdk.delete('users', user.id),
      ]) {
        assert.deepEqual(await thrownBody(attempt()), FORBIDDEN);
      }
    }
  });
});

describe('strapi-sdk-js: finding users', () => {
  const mine = { username: { $startsWith: 'jf_' } };
  const find = (params) => admin.find('users', { filters: mine, sort: ['username'], ...params });
  const among = (...filters) => find({ filters: { $and: [mine, ...filters] } });

  before(async () => {
    await create('jf_anna');
    await create('jf_bert', { role: publicRole.id });
    await create('jf_Carl', { blocked: true });
    await create('jf_dora', { confirmed: false });
  });

  test('answers a bare array of users without roles', async () => {
    const users = await find();
    assert.deepEqual(names(users), ['jf_Carl', 'jf_anna', 'jf_bert', 'jf_dora']);
    users.forEach((user) => assertUser(user));
  });

  test('filters', async () => {
    assert.deepEqual(names(await among({ email: 'jf_bert@example.com' })), ['jf_bert']);
    assert.deepEqual(names(await among({ username: { $eqi: 'JF_CARL' } })), ['jf_Carl']);
    assert.deepEqual(names(await among({ blocked: true })), ['jf_Carl']);
    assert.deepEqual(names(await among({ confirmed: { $eq: false } })), ['jf_dora']);
    const list = ['jf_anna', 'jf_dora'];
    assert.deepEqual(names(await among({ username: { $in: list } })), list);
    const either = { $or: [{ username: 'jf_anna' }, { blocked: true }] };
    assert.deepEqual(names(await among(either)), ['jf_Carl', 'jf_anna']);
    assert.deepEqual(names(await among({ $not: { blocked: true } })), [
      'jf_anna',
      'jf_bert',
      'jf_dora',
    ]);
  });

  test('filters by the role', async () => {
    assert.deepEqual(names(await among({ role: { type: 'public' } })), ['jf_bert']);
    assert.deepEqual(names(await among({ role: { name: { $eq: 'Public' } } })), ['jf_bert']);
    assert.deepEqual(names(await among({ role: publicRole.id })), ['jf_bert']);
  });

  test('sort', async () => {
    assert.deepEqual(names(await find({ sort: 'username:desc' })), [
      'jf_dora',
      'jf_bert',
      'jf_anna',
      'jf_Carl',
    ]);
    assert.deepEqual(names(await find({ sort: ['blocked:desc', 'username:desc'] })), [
      'jf_Carl',
      'jf_dora',
      'jf_bert',
      'jf_anna',
    ]);
    assert.deepEqual(names(await find({ sort: ['role.name:desc', 'username'] })), [
      'jf_bert',
      'jf_Carl',
      'jf_anna',
      'jf_dora',
    ]);
  });

  test('start and limit', async () => {
    assert.deepEqual(names(await find({ start: 1, limit: 2 })), ['jf_anna', 'jf_bert']);
    assert.equal((await find({ limit: -1 })).length, 4);
    const body = await thrownBody(find({ limit: 'many' }));
    assert.deepEqual([body.error.status, body.error.name], [400, 'ValidationError']);
  });

  test('fields; the ids always come along', async () => {
    for (const user of await find({ fields: ['username'] })) {
      assert.deepEqual(Object.keys(user).sort(), ['documentId', 'id', 'username']);
    }
  });

  test('populate in every notation', async () => {
    for (const populate of ['role', '*', ['role'], { role: true }, { role: '*' }]) {
      const users = await find({ populate });
      for (const user of users) {
        assertUser(user, 'role', ...(populate === '*' ? ['roles'] : []));
        assertRole(user.role);
      }
      assert.equal(users[2].role.type, 'public', JSON.stringify(populate));
    }
    const [user] = await find({ populate: { role: { fields: ['name'] } } });
    assert.deepEqual(Object.keys(user.role).sort(), ['documentId', 'id', 'name']);
  });

  test('findOne takes fields and populate', async () => {
    const [{ id }] = await among({ username: 'jf_anna' });
    assertUser(await admin.findOne('users', id));
    const user = await admin.findOne('users', id, { fields: ['email'], populate: 'role' });
    assert.deepEqual(Object.keys(user).sort(), ['documentId', 'email', 'id', 'role']);
  });

  test('count answers a bare number', async () => {
    const params = { filters: mine };
    assert.strictEqual(await admin.request('get', '/users/count', { params }), 4);
  });

  test('secrets are no keys', async () => {
    for (const [param, query] of [
      ['filters', { filters: { password: { $startsWith: '$2' } } }],
      ['filters', { filters: { $or: [{ password: { $notNull: true } }] } }],
      ['sort', { sort: ['password'] }],
      ['fields', { fields: ['password'] }],
    ]) {
      const { error } = await thrownBody(find(query));
      assert.equal(error.name, 'ValidationError');
      assert.equal(error.message, 'Invalid key password', JSON.stringify(query));
      assert.deepEqual(
        [error.details.key, error.details.source, error.details.param],
        ['password', 'query', param],
      );
    }
    const { error } = await thrownBody(find({ filters: { nope: 1 } }));
    assert.deepEqual(error.details, { key: 'nope', path: null, source: 'query', param: 'filters' });
  });
});
