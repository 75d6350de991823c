// @strapi/client: roles and permissions, through the plugin's collections.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { HTTPBadRequestError, HTTPForbiddenError, HTTPNotFoundError } from '@strapi/client';
import {
  FORBIDDEN,
  PASSWORD,
  administrator,
  apiError,
  articleActions,
  assertRole,
  client,
  errorBody,
  login,
  pluginCollection,
  register,
  roleOfType,
} from './support.mjs';

const OK = { ok: true };
const UNKNOWN = apiError(404, 'NotFoundError', 'Role not found');

let token;
let admin;
let roles;
before(async () => {
  token = await administrator();
  admin = client(token);
  roles = pluginCollection(admin, 'roles');
});

/** Makes a role and answers its id. */
async function make(name, type, ...actions) {
  assert.deepEqual(await roles.create({ name, permissions: articleActions(...actions) }), OK);
  return (await roleOfType(token, type)).id;
}

/** Somebody of a role: the user and a client of theirs. */
async function member(username, role) {
  const email = `${username}@example.com`;
  const user = await admin
    .collection('users')
    .create({ username, email, password: PASSWORD, role, confirmed: true });
  return { user, client: client((await login(username)).jwt) };
}

const ping = async (client) => (await client.fetch('/ping')).json();
const refusesPing = async (client) =>
  assert.deepEqual(await errorBody(client.fetch('/ping'), HTTPForbiddenError), FORBIDDEN);

/** `[action, enabled]` of every action in a tree. */
function* leaves(tree) {
  for (const [unit, { controllers }] of Object.entries(tree)) {
    for (const [controller, actions] of Object.entries(controllers)) {
      for (const [action, { enabled, policy }] of Object.entries(actions)) {
        assert.equal(policy, '');
        yield [`${unit}.${controller}.${action}`, enabled];
      }
    }
  }
}

const enabledIn = (tree) =>
  [...leaves(tree)]
    .filter(([, on]) => on)
    .map(([action]) => action)
    .sort();

describe('@strapi/client: roles', () => {
  test('find lists them with their number of users', async () => {
    const found = await roles.find();
    assert.deepEqual(Object.keys(found), ['roles']);
    for (const type of ['authenticated', 'public', 'administrator']) {
      assertRole(
        found.roles.find((role) => role.type === type),
        'nb_users',
      );
    }
  });

  test('create, findOne, update, delete', async () => {
    const role = {
      name: 'Editor 79d8',
      description: 'edits',
      permissions: articleActions('find', 'findOne'),
    };
    assert.deepEqual(await roles.create(role), OK);
    const { id, nb_users } = await roleOfType(token, 'editor_79_d_8');
    assert.equal(nb_users, 0);

    const found = await roles.findOne(id);
    assert.deepEqual(Object.keys(found), ['role']);
    assertRole(found.role, 'permissions');
    assert.deepEqual([found.role.name, found.role.description], [role.name, role.description]);
    assert.deepEqual(enabledIn(found.role.permissions), [
      'api::article.article.find',
      'api::article.article.findOne',
      'plugin::users-permissions.user.me',
    ]);

    // Strapi's own pages send the whole role back, changed.
    const { permissions } = found.role;
    permissions['api::article'].controllers.article.create.enabled = true;
    permissions['api::article'].controllers.article.findOne.enabled = false;
    assert.deepEqual(await roles.update(id, { ...found.role, description: 'writes' }), OK);
    const changed = (await roles.findOne(id)).role;
    assert.equal(changed.description, 'writes');
    assert.deepEqual(enabledIn(changed.permissions), [
      'api::article.article.create',
      'api::article.article.find',
      'plugin::users-permissions.user.me',
    ]);

    await roles.delete(id);
    assert.deepEqual(await errorBody(roles.findOne(id), HTTPNotFoundError), UNKNOWN);
  });

  test('update takes away what it does not enable', async () => {
    const id = await make('Cr Partial', 'cr_partial', 'find', 'ping');
    assert.deepEqual(await roles.update(id, { permissions: articleActions('find') }), OK);
    assert.deepEqual(enabledIn((await roles.findOne(id)).role.permissions), [
      'api::article.article.find',
      'plugin::users-permissions.user.me',
    ]);
  });

  test('a rename is a rename', async () => {
    const id = await make('Cr Named', 'cr_named', 'find');
    assert.deepEqual(await roles.update(id, { name: 'Cr Renamed' }), OK);
    const { role } = await roles.findOne(id);
    assert.deepEqual([role.name, role.type], ['Cr Renamed', 'cr_named']);
    assert.ok(enabledIn(role.permissions).includes('api::article.article.find'));
  });

  test('the administrator holds everything', async () => {
    const { id } = await roleOfType(token, 'administrator');
    const all = [...leaves((await roles.findOne(id)).role.permissions)];
    assert.deepEqual(
      all.filter(([, enabled]) => !enabled),
      [],
    );
  });

  test('bad requests', async () => {
    const id = await make('Cr Bad', 'cr_bad');
    const empty = apiError(400, 'ValidationError', 'Request body cannot be empty');
    assert.deepEqual(await errorBody(roles.create({}), HTTPBadRequestError), empty);
    assert.deepEqual(await errorBody(roles.create(undefined), HTTPBadRequestError), empty);
    assert.deepEqual(await errorBody(roles.update(id, {}), HTTPBadRequestError), empty);
    for (const unknown of [999_999, 'nothing']) {
      assert.deepEqual(await errorBody(roles.findOne(unknown), HTTPNotFoundError), UNKNOWN);
      assert.deepEqual(
        await errorBody(roles.update(unknown, { name: 'Cr X' }), HTTPNotFoundError),
        UNKNOWN,
      );
      assert.deepEqual(await errorBody(roles.delete(unknown), HTTPNotFoundError), UNKNOWN);
    }
    const { id: publicId } = await roleOfType(token, 'public');
    assert.deepEqual(
      await errorBody(roles.delete(publicId), HTTPBadRequestError),
      apiError(400, 'ApplicationError', 'Cannot delete public role'),
    );
  });

  test("are nobody else's", async () => {
    const { jwt } = await register('cr_stranger');
    for (const somebody of [client(), client(jwt)]) {
      const roles = pluginCollection(somebody, 'roles');
      for (const attempt of [
        () => roles.find(),
        () => roles.findOne(1),
        () => roles.create({}),
        () => roles.update(1, {}),
        () => roles.delete(1),
        () => pluginCollection(somebody, 'permissions').find(),
      ]) {
        assert.deepEqual(await errorBody(attempt(), HTTPForbiddenError), FORBIDDEN);
      }
    }
  });
});

describe('@strapi/client: permissions', () => {
  test('find answers the tree of all actions, disabled', async () => {
    const found = await pluginCollection(admin, 'permissions').find();
    assert.deepEqual(Object.keys(found), ['permissions']);
    const actions = [...leaves(found.permissions)];
    assert.deepEqual(
      actions.filter(([, enabled]) => enabled),
      [],
    );
    const known = actions.map(([action]) => action);
    for (const action of ['ping', 'find', 'findOne', 'create', 'update', 'delete']) {
      assert.ok(known.includes(`api::article.article.${action}`), action);
    }
    for (const action of [
      'auth.callback',
      'auth.register',
      'user.me',
      'role.updateRole',
      'permissions.getPermissions',
    ]) {
      assert.ok(known.includes(`plugin::users-permissions.${action}`), action);
    }
  });

  test('granting and revoking counts from the next request on', async () => {
    const id = await make('Cr Pingers', 'cr_pingers');
    const somebody = (await member('cr_pinger', id)).client;
    await refusesPing(somebody);
    await roles.update(id, { permissions: articleActions('ping') });
    assert.deepEqual(await ping(somebody), OK);
    await roles.update(id, { permissions: articleActions() });
    await refusesPing(somebody);
  });

  test('a user given another role has its rights from the next request on', async () => {
    const [may, mayNot] = [
      await make('Cr May', 'cr_may', 'ping'),
      await make('Cr May Not', 'cr_may_not'),
    ];
    const somebody = await member('cr_mover', mayNot);
    const users = admin.collection('users');
    await refusesPing(somebody.client);
    await users.update(somebody.user.id, { role: may });
    assert.deepEqual(await ping(somebody.client), OK);
    await users.update(somebody.user.id, { role: { connect: [{ id: mayNot }] } });
    await refusesPing(somebody.client);
  });

  test('the users of a deleted role are public', async () => {
    const id = await make('Cr Leavers', 'cr_leavers', 'create');
    const somebody = await member('cr_leaver', id);
    await somebody.client.collection('articles').create({ title: 'cr last words' });
    await roles.delete(id);
    const user = await admin.collection('users').findOne(somebody.user.id, { populate: ['role'] });
    assert.equal(user.role.type, 'public');
    const articles = somebody.client.collection('articles');
    assert.deepEqual(
      await errorBody(articles.create({ title: 'x' }), HTTPForbiddenError),
      FORBIDDEN,
    );
    assert.ok(Array.isArray((await articles.find()).data));
  });
});
