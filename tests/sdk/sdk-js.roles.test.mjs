// strapi-sdk-js: roles and permissions, by plain requests.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  FORBIDDEN,
  PASSWORD,
  administrator,
  apiError,
  articleActions,
  assertRole,
  login,
  roleOfType,
  sdkJs,
  thrownBody,
} from './support.mjs';

const ROLES = '/users-permissions/roles';

let token;
let admin;
before(async () => {
  token = await administrator();
  admin = sdkJs(token);
});

/** Makes a role and somebody who has it; answers the role's id, the user and a client of theirs. */
async function crew(name, ...actions) {
  const data = { name, description: 'of a test', permissions: articleActions(...actions) };
  assert.deepEqual(await admin.request('post', ROLES, { data }), { ok: true });
  const username = name.toLowerCase().replaceAll(' ', '_');
  const role = await roleOfType(token, username);
  const email = `${username}@example.com`;
  const user = await admin.request('post', '/users', {
    data: { username, email, password: PASSWORD, role: role.id, confirmed: true },
  });
  return { role: role.id, user, sdk: sdkJs((await login(username)).jwt) };
}

const ping = (sdk) => sdk.request('get', '/ping');
const grant = (role, ...actions) =>
  admin.request('put', `${ROLES}/${role}`, { data: { permissions: articleActions(...actions) } });

describe('strapi-sdk-js: roles', () => {
  test('the seeded ones are listed', async () => {
    const { roles } = await admin.find('users-permissions/roles');
    for (const type of ['authenticated', 'public', 'administrator']) {
      const role = roles.find((role) => role.type === type);
      assertRole(role, 'nb_users');
      assert.ok(Number.isInteger(role.nb_users));
    }
  });

  test('the first requests anyone can make', async () => {
    assert.deepEqual(await ping(sdkJs()), { ok: true });
    assert.deepEqual(await thrownBody(sdkJs().find('users-permissions/roles')), FORBIDDEN);
  });

  test('granting and revoking counts from the next request on', async () => {
    const { role, sdk } = await crew('Jr Pingers', 'find');
    assert.deepEqual(await thrownBody(ping(sdk)), FORBIDDEN);
    assert.deepEqual(await grant(role, 'find', 'ping'), { ok: true });
    assert.deepEqual(await ping(sdk), { ok: true });
    assert.deepEqual(await grant(role, 'find'), { ok: true });
    assert.deepEqual(await thrownBody(ping(sdk)), FORBIDDEN);
    assert.ok(Array.isArray((await sdk.find('articles')).data));
  });

  test('a user given another role has its rights from the next request on', async () => {
    const { role, user, sdk } = await crew('Jr Movers');
    const authenticated = await roleOfType(token, 'authenticated');
    const move = (role) => admin.request('put', `/users/${user.id}`, { data: { role } });
    assert.deepEqual(await thrownBody(ping(sdk)), FORBIDDEN);
    await move(authenticated.id);
    assert.deepEqual(await ping(sdk), { ok: true });
    await move(role);
    assert.deepEqual(await thrownBody(ping(sdk)), FORBIDDEN);
  });

  test('the users of a deleted role are public', async () => {
    const { role, user, sdk } = await crew('Jr Leavers', 'create');
    await sdk.create('articles', { title: 'jr last words' });
    assert.deepEqual(await admin.delete('users-permissions/roles', role), { ok: true });
    const { error } = await thrownBody(admin.findOne('users-permissions/roles', role));
    assert.deepEqual([error.status, error.message], [404, 'Role not found']);
    const moved = await admin.findOne('users', user.id, { populate: 'role' });
    assert.equal(moved.role.type, 'public');
    assert.deepEqual(await thrownBody(sdk.create('articles', { title: 'x' })), FORBIDDEN);
  });

  test('a request without a body changes nothing', async () => {
    const empty = apiError(400, 'ValidationError', 'Request body cannot be empty');
    assert.deepEqual(await thrownBody(admin.request('post', ROLES)), empty);
    const { id } = await roleOfType(token, 'authenticated');
    assert.deepEqual(await thrownBody(admin.request('put', `${ROLES}/${id}`)), empty);
  });
});
