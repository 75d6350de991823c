// strapi-sdk-js where `window` exists: it keeps the token and sends it by itself.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import Strapi from 'strapi-sdk-js';
import {
  ORIGIN,
  PASSWORD,
  administrator,
  apiError,
  assertUser,
  login,
  register,
  sdkJs,
  thrownBody,
} from './support.mjs';

const kept = new Map();
globalThis.window = {
  localStorage: {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, String(value)),
    removeItem: (key) => kept.delete(key),
  },
};

const KEY = 'strapi_jwt';

function browser() {
  return new Strapi({ url: ORIGIN, store: { key: KEY, useLocalStorage: true } });
}

describe('strapi-sdk-js in a browser', () => {
  beforeEach(() => kept.clear());

  test('register signs in', async () => {
    const sdk = browser();
    const { jwt } = await sdk.register({
      username: 'jb_new',
      email: 'jb_new@example.com',
      password: PASSWORD,
    });
    assert.equal(kept.get(KEY), jwt);
    const user = await sdk.fetchUser();
    assertUser(user);
    assert.equal(user.username, 'jb_new');
  });

  test('login drops the kept token before it asks, so a dead one is no obstacle', async () => {
    await register('jb_again');
    kept.set(KEY, 'undefined');
    const sdk = browser();
    const { jwt } = await sdk.login({ identifier: 'jb_again', password: PASSWORD });
    assert.equal(kept.get(KEY), jwt);
    assert.equal((await sdk.fetchUser()).username, 'jb_again');
  });

  test('a failed login leaves nobody signed in', async () => {
    await register('jb_fail');
    const sdk = browser();
    await sdk.login({ identifier: 'jb_fail', password: PASSWORD });
    assert.deepEqual(
      await thrownBody(sdk.login({ identifier: 'jb_fail', password: 'wrong-Pass1' })),
      apiError(400, 'ValidationError', 'Invalid identifier or password'),
    );
    assert.equal(kept.has(KEY), false);
  });

  test('content calls send the kept token; logout ends that', async () => {
    await register('jb_writer');
    const sdk = browser();
    await sdk.login({ identifier: 'jb_writer', password: PASSWORD });
    const { data } = await sdk.create('articles', { title: 'jb of a browser' });
    sdk.logout();
    assert.equal(kept.has(KEY), false);
    assert.equal((await sdk.findOne('articles', data.documentId)).data.title, 'jb of a browser');
    const refused = await thrownBody(sdk.delete('articles', data.documentId));
    assert.equal(refused.error.status, 403);
  });

  test('fetchUser with a token that ended logs out; the public routes work again', async () => {
    const { user } = await register('jb_ended');
    const sdk = browser();
    await sdk.login({ identifier: 'jb_ended', password: PASSWORD });
    // As on another machine: without the storage of this browser.
    const mine = kept.get(KEY);
    kept.clear();
    const admin = sdkJs(await administrator());
    await admin.request('put', `/users/${user.id}`, { data: { blocked: true } });
    kept.set(KEY, mine);
    assert.equal((await thrownBody(sdk.find('articles'))).error.status, 401);
    assert.equal(await sdk.fetchUser(), null);
    assert.equal(kept.has(KEY), false);
    assert.ok(Array.isArray((await sdk.find('articles')).data));
  });

  test('a token of one sign-in works in another place', async () => {
    await register('jb_moved');
    const { jwt } = await login('jb_moved');
    const sdk = browser();
    sdk.setToken(jwt);
    assert.equal((await sdk.fetchUser()).username, 'jb_moved');
  });
});
