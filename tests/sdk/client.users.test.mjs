// @strapi/client: users, as the administrator.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { HTTPBadRequestError, HTTPForbiddenError, HTTPNotFoundError } from '@strapi/client';
import {
  FORBIDDEN,
  NOT_FOUND,
  PASSWORD,
  administrator,
  apiError,
  assertRole,
  assertUser,
  client,
  errorBody,
  fieldError,
  login,
  pluginCollection,
  register,
  roleOfType,
} from './support.mjs';

const names = (users) => users.map((user) => user.username);
const UNKNOWN = apiError(404, 'NotFoundError', 'User not found');

let admin;
let users;
let authenticated;
let publicRole;
before(async () => {
  const token = await administrator();
  admin = client(token);
  users = admin.collection('users');
  authenticated = await roleOfType(token, 'authenticated');
  publicRole = await roleOfType(token, 'public');
});

const create = (username, more = {}) =>
  users.create({
    username,
    email: `${username}@example.com`,
    password: PASSWORD,
    role: authenticated.id,
    confirmed: true,
    ...more,
  });

describe('@strapi/client: writing users', () => {
  test('create, findOne, update, delete', async () => {
    const made = await create('cu_made');
    assertUser(made, 'role', 'roles');
    assertRole(made.role);
    const { role, roles, ...bare } = made;
    assert.deepEqual(roles, [role]);
    assert.equal(role.type, 'authenticated');
    assert.deepEqual(await users.findOne(made.id), bare);
    assert.equal((await login('cu_made')).user.id, made.id);

    const changed = await users.update(made.id, {
      username: 'cu_changed',
      role: { connect: [{ documentId: publicRole.documentId }] },
    });
    assertUser(changed, 'role', 'roles');
    assert.equal(changed.username, 'cu_changed');
    assert.equal(changed.role.type, 'public');
    assert.equal(changed.documentId, made.documentId);

    assert.equal(await users.delete(made.id), undefined);
    assert.deepEqual(await errorBody(users.findOne(made.id), HTTPNotFoundError), UNKNOWN);
  });

  test('create lists every missing field', async () => {
    const { error } = await errorBody(users.create({}), HTTPBadRequestError);
    assert.equal(error.name, 'ValidationError');
    assert.equal(error.message, `${error.details.errors.length} errors occurred`);
    const missing = error.details.errors.filter(({ path }) => path[0] !== 'role');
    assert.deepEqual(missing, [
      fieldError('email', 'email is a required field'),
      fieldError('username', 'username is a required field'),
      fieldError('password', 'password is a required field'),
    ]);
  });

  test('what is taken is refused', async () => {
    await create('cu_taken');
    const { id } = await create('cu_second');
    for (const [attempt, message] of [
      [() => create('cu_taken', { email: 'cu_free@example.com' }), 'This attribute must be unique'],
      [() => create('cu_free', { email: 'cu_taken@example.com' }), 'Email already taken'],
      [() => users.update(id, { username: 'cu_taken' }), 'Username already taken'],
      [() => users.update(id, { email: 'cu_taken@example.com' }), 'Email already taken'],
    ]) {
      assert.deepEqual(
        await errorBody(attempt(), HTTPBadRequestError),
        apiError(400, 'ApplicationError', message),
      );
    }
  });

  test('an empty password and a user without role are refused', async () => {
    const { id } = await create('cu_rules');
    const { error } = await errorBody(users.update(id, { password: '' }), HTTPBadRequestError);
    assert.deepEqual([error.name, error.message], ['ValidationError', 'password.notNull']);
    const role = { disconnect: [{ id: authenticated.id }] };
    const refused = await errorBody(users.update(id, { role }), HTTPBadRequestError);
    assert.equal(refused.error.message, 'Cannot remove role');
  });

  test('an unknown user is not found', async () => {
    for (const attempt of [
      () => users.findOne(999_999),
      () => users.findOne('nobody'),
      () => users.update(999_999, { blocked: true }),
      () => users.delete(999_999),
    ]) {
      assert.deepEqual(await errorBody(attempt(), HTTPNotFoundError), UNKNOWN);
    }
  });

  test("is nobody else's to do", async () => {
    const { jwt, user } = await register('cu_stranger');
    for (const somebody of [client(), client(jwt)]) {
      const users = somebody.collection('users');
      for (const attempt of [
        () => users.find(),
        () => users.findOne(user.id),
        () => users.create({}),
        () => users.update(user.id, { blocked: false }),
        () => users.delete(user.id),
      ]) {
        assert.deepEqual(await errorBody(attempt(), HTTPForbiddenError), FORBIDDEN);
      }
    }
  });

  test('users do not live below the prefix of the plugin', async () => {
    const elsewhere = pluginCollection(admin, 'users');
    assert.deepEqual(await errorBody(elsewhere.find(), HTTPNotFoundError), NOT_FOUND);
  });
});

describe('@strapi/client: finding users', () => {
  const mine = { username: { $startsWith: 'cf_' } };
  const find = (query) => users.find({ filters: mine, sort: ['username'], ...query });
  const among = (...filters) => find({ filters: { $and: [mine, ...filters] } });

  before(async () => {
    await create('cf_anna');
    await create('cf_bert', { role: publicRole.id });
    await create('cf_carl', { blocked: true });
  });

  test('answers a bare array of users without roles', async () => {
    const found = await find();
    assert.deepEqual(names(found), ['cf_anna', 'cf_bert', 'cf_carl']);
    found.forEach((user) => assertUser(user));
    assert.ok((await users.find()).length > 3);
  });

  test('filters', async () => {
    assert.deepEqual(names(await among({ email: { $eq: 'cf_bert@example.com' } })), ['cf_bert']);
    assert.deepEqual(names(await among({ blocked: { $eq: true } })), ['cf_carl']);
    assert.deepEqual(names(await among({ username: { $in: ['cf_anna', 'cf_x'] } })), ['cf_anna']);
    assert.deepEqual(names(await among({ role: { type: { $eq: 'public' } } })), ['cf_bert']);
    const either = { $or: [{ username: 'cf_anna' }, { blocked: true }] };
    assert.deepEqual(names(await among(either)), ['cf_anna', 'cf_carl']);
  });

  test('sort, start and limit', async () => {
    const down = await find({ sort: 'username:desc' });
    assert.deepEqual(names(down), ['cf_carl', 'cf_bert', 'cf_anna']);
    assert.deepEqual(names(await find({ sort: ['role.name:desc', 'username:desc'] })), [
      'cf_bert',
      'cf_carl',
      'cf_anna',
    ]);
    assert.deepEqual(names(await find({ start: 1, limit: 1 })), ['cf_bert']);
  });

  test('fields and populate', async () => {
    for (const populate of ['role', '*', ['role'], { role: true }]) {
      const [user] = await find({ populate });
      assertUser(user, 'role', ...(populate === '*' ? ['roles'] : []));
      assertRole(user.role);
    }
    const [user] = await find({ fields: ['email'], populate: { role: { fields: ['type'] } } });
    assert.deepEqual(Object.keys(user).sort(), ['documentId', 'email', 'id', 'role']);
    assert.deepEqual(Object.keys(user.role).sort(), ['documentId', 'id', 'type']);
    const one = await users.findOne(user.id, { fields: ['email'], populate: ['role'] });
    assert.deepEqual(Object.keys(one).sort(), ['documentId', 'email', 'id', 'role']);
    assertRole(one.role);
  });

  for (const query of [{ fields: [] }, { sort: [] }, { populate: [] }]) {
    test(`an empty list asks for nothing: ${JSON.stringify(query)}`, async () => {
      assert.equal((await find(query)).length, 3);
    });
  }

  test('count answers a bare number', async () => {
    const count = admin.single('count', { path: '/users/count' });
    assert.strictEqual(await count.find({ filters: mine }), 3);
  });

  test('secrets are no keys', async () => {
    for (const key of ['password', 'resetPasswordToken', 'confirmationToken']) {
      for (const query of [
        { filters: { [key]: { $notNull: true } } },
        { sort: [key] },
        { fields: [key] },
      ]) {
        const { error } = await errorBody(users.find(query), HTTPBadRequestError);
        assert.deepEqual([error.name, error.message], ['ValidationError', `Invalid key ${key}`]);
      }
    }
  });
});
