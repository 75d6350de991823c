// Both SDKs where signing in begins a session: their tokens are short-lived, renewed and ended.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { HTTPAuthorizationError, strapi } from '@strapi/client';
import Strapi from 'strapi-sdk-js';
import { startApp } from './app.mjs';
import { BAD_TOKEN, PASSWORD, assertJwt, assertUser, errorBody, thrownBody } from './support.mjs';

let app;
let base;

before(async () => {
  app = await startApp({ UP_JWT_MANAGEMENT: 'refresh' });
  base = `${app.url}/api`;
});

after(() => app?.stop());

const client = (auth) => strapi(auth ? { baseURL: base, auth } : { baseURL: base });
const endpoint = (client, path) =>
  client.collection(path, { plugin: { name: 'users-permissions', prefix: '' } });
const me = (client) => client.single('me', { path: '/users/me' });
const sdkJs = (token) =>
  new Strapi({
    url: app.url,
    axiosOptions: { headers: token ? { Authorization: `Bearer ${token}` } : {} },
  });

const account = (username) => ({
  username,
  email: `${username}@example.com`,
  password: PASSWORD,
});

/** Claims of a token, unverified. */
const claims = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));

function assertAccess(jwt) {
  assertJwt(jwt);
  const { iat, exp, type } = claims(jwt);
  assert.deepEqual([exp - iat, type], [600, 'access']);
}

function assertPair({ jwt, refreshToken }) {
  assertAccess(jwt);
  assertJwt(refreshToken);
  assert.equal(claims(refreshToken).type, 'refresh');
}

describe('strapi-sdk-js with sessions', () => {
  test('register and login answer a pair that is renewed and ended', async () => {
    const registered = await sdkJs().register(account('js_ann'));
    assertAccess(registered.jwt);
    const sdk = sdkJs();
    const login = { identifier: 'js_ann', password: PASSWORD };
    const { jwt, user } = await sdk.login(login);
    assertAccess(jwt);
    assertUser(user);
    assert.deepEqual(sdk.user, user);

    // Its own methods pass the token for requests on and no other.
    const signedIn = await sdk.request('post', '/auth/local', { data: login });
    assertPair(signedIn);
    const renewed = await sdkJs().request('post', '/auth/refresh', {
      data: { refreshToken: signedIn.refreshToken },
    });
    assertPair(renewed);
    assert.equal(claims(renewed.jwt).sessionId, claims(signedIn.jwt).sessionId);
    const own = sdkJs(renewed.jwt);
    assert.equal((await own.fetchUser()).username, 'js_ann');
    const sessions = await own.request('get', '/auth/sessions');
    assert.equal(sessions.data.length, 3);
    assert.equal(sessions.data.filter(({ current }) => current).length, 1);

    await own.request('post', '/auth/logout');
    assert.deepEqual(await thrownBody(sdkJs(renewed.jwt).request('get', '/users/me')), BAD_TOKEN);
    const again = { data: { refreshToken: renewed.refreshToken } };
    const { error } = await thrownBody(sdkJs().request('post', '/auth/refresh', again));
    assert.deepEqual([error.status, error.message], [401, 'Invalid refresh token']);
    // The other session is another device's business.
    assert.equal((await sdkJs(registered.jwt).request('get', '/users/me')).username, 'js_ann');
  });

  test('a changed password ends every session and begins one', async () => {
    const { jwt } = await sdkJs().register(account('js_bob'));
    const changed = await sdkJs(jwt).changePassword({
      currentPassword: PASSWORD,
      password: 'An0therWord!',
      passwordConfirmation: 'An0therWord!',
    });
    assertAccess(changed.jwt);
    assert.deepEqual(await thrownBody(sdkJs(jwt).request('get', '/users/me')), BAD_TOKEN);
    assert.equal((await sdkJs(changed.jwt).request('get', '/users/me')).username, 'js_bob');
  });
});

describe('@strapi/client with sessions', () => {
  test('endpoints answer a pair that is renewed and ended', async () => {
    const registered = await endpoint(client(), 'auth/local/register').create(account('cl_ann'));
    assertPair(registered);
    assert.equal((await me(client(registered.jwt)).find()).username, 'cl_ann');

    const { refreshToken } = registered;
    const renewed = await endpoint(client(), 'auth/refresh').create({ refreshToken });
    assertPair(renewed);
    assert.equal((await me(client(renewed.jwt)).find()).username, 'cl_ann');
    const twice = endpoint(client(), 'auth/refresh').create({ refreshToken });
    const { error } = await errorBody(twice, HTTPAuthorizationError);
    assert.equal(error.message, 'Invalid refresh token');

    assert.deepEqual(await endpoint(client(renewed.jwt), 'auth/logout').create({}), { ok: true });
    const ended = await errorBody(me(client(renewed.jwt)).find(), HTTPAuthorizationError);
    assert.deepEqual(ended, BAD_TOKEN);
  });

  test('the login strategy goes on by signing in again when its session has ended', async () => {
    await endpoint(client(), 'auth/local/register').create(account('cl_bob'));
    const { constructor: Client } = client();
    const somebody = new Client({
      baseURL: base,
      auth: {
        strategy: 'users-permissions',
        options: { identifier: 'cl_bob', password: PASSWORD },
      },
    });
    assert.equal((await me(somebody).find()).username, 'cl_bob');
    const login = { identifier: 'cl_bob', password: PASSWORD };
    const other = await endpoint(client(), 'auth/local').create(login);
    await endpoint(client(other.jwt), 'auth/logout').create({ scope: 'all' });
    assert.deepEqual(await errorBody(me(somebody).find(), HTTPAuthorizationError), BAD_TOKEN);
    assert.equal((await me(somebody).find()).username, 'cl_bob');
  });
});
