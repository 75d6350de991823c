// What the tests share: clients of both SDKs, people to act as, and the shapes of answers.

import assert from 'node:assert/strict';
import { strapi } from '@strapi/client';
import Strapi from 'strapi-sdk-js';

const origin = process.env.SDK_TEST_URL;
assert.ok(origin, 'SDK_TEST_URL is not set; start the tests with tests/sdk/run');

/** The root of the server. */
export const ORIGIN = origin;
/** The root of the API. */
export const BASE = `${origin}/api`;
/** The password of everybody whom the tests create. */
export const PASSWORD = 'Passw0rd!';

/** A client of strapi-sdk-js. Outside of browsers it keeps no token, so that comes as a header. */
export function sdkJs(token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return new Strapi({ url: ORIGIN, axiosOptions: { headers } });
}

/** A client of @strapi/client. */
export function client(auth) {
  return strapi(auth ? { baseURL: BASE, auth } : { baseURL: BASE });
}

/** A client of @strapi/client with the login strategy that its factory does not offer. */
export function clientWithLogin(identifier, password) {
  const { constructor: Client } = client();
  return new Client({
    baseURL: BASE,
    auth: { strategy: 'users-permissions', options: { identifier, password } },
  });
}

/** A collection of the plugin: bodies are not wrapped in `data`. */
export function pluginCollection(client, resource) {
  return client.collection(resource, { plugin: { name: 'users-permissions' } });
}

/** An endpoint of the plugin outside of its prefix, e.g. `auth/local`. */
export function endpoint(client, path) {
  return client.collection(path, { plugin: { name: 'users-permissions', prefix: '' } });
}

export async function login(identifier, password = PASSWORD) {
  return endpoint(client(), 'auth/local').create({ identifier, password });
}

/** The administrator's token. */
export async function administrator() {
  const { jwt } = await login(process.env.SDK_TEST_ADMIN, process.env.SDK_TEST_ADMIN_PASSWORD);
  return jwt;
}

/** Registers somebody: `{jwt, user}`. */
export async function register(username) {
  const email = `${username}@example.com`;
  return endpoint(client(), 'auth/local/register').create({ username, email, password: PASSWORD });
}

/** The role of a type, as the administrator sees it. */
export async function roleOfType(admin, type) {
  const { roles } = await pluginCollection(client(admin), 'roles').find();
  return roles.find((role) => role.type === type);
}

/** A permission tree that enables these actions of articles and `user.me`. */
export function articleActions(...actions) {
  const enabled = { enabled: true, policy: '' };
  const article = Object.fromEntries(actions.map((action) => [action, enabled]));
  return {
    'api::article': { controllers: { article } },
    'plugin::users-permissions': { controllers: { user: { me: enabled } } },
  };
}

/** The body that strapi-sdk-js throws; it is no `Error`. */
export async function thrownBody(promise) {
  try {
    await promise;
  } catch (thrown) {
    assert.ok(!(thrown instanceof Error), `threw ${thrown}`);
    return thrown;
  }
  assert.fail('did not throw');
}

/** The body behind an error class of @strapi/client. */
export async function errorBody(promise, type) {
  try {
    await promise;
  } catch (thrown) {
    assert.equal(thrown.constructor, type, `threw ${thrown}`);
    assert.match(thrown.response.headers.get('content-type'), /^application\/json/);
    return thrown.response.json();
  }
  assert.fail('did not throw');
}

/** An error of the API, whole. */
export function apiError(status, name, message, details = {}) {
  return { data: null, error: { status, name, message, details } };
}

export const FORBIDDEN = apiError(403, 'ForbiddenError', 'Forbidden');
export const NOT_FOUND = apiError(404, 'NotFoundError', 'Not Found');
export const BAD_TOKEN = apiError(401, 'UnauthorizedError', 'Missing or invalid credentials');
export const ENDED_TOKEN = apiError(401, 'UnauthorizedError', 'Invalid credentials');

/** The error of a field, as `details.errors` lists it. */
export function fieldError(field, message) {
  return { path: [field], message, name: 'ValidationError' };
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function assertStamped(entry) {
  assert.ok(Number.isInteger(entry.id));
  assert.match(entry.documentId, /^[a-z0-9]{24}$/);
  for (const time of ['createdAt', 'updatedAt', 'publishedAt']) {
    if (time in entry) {
      assert.match(entry[time], ISO, time);
    }
  }
}

const STAMPS = ['createdAt', 'documentId', 'id', 'publishedAt', 'updatedAt'];
// The nickname is a field of the application's own.
const USER = ['blocked', 'confirmed', 'email', 'nickname', 'provider', 'username', ...STAMPS];
const ROLE = ['description', 'name', 'type', ...STAMPS];

/** A user with all that an answer shows of it, `more` included, and nothing else. */
export function assertUser(user, ...more) {
  assert.deepEqual(Object.keys(user).sort(), [...USER, ...more].sort());
  assertStamped(user);
  assert.equal(user.email, user.email.toLowerCase());
  assert.equal(user.provider, 'local');
}

export function assertRole(role, ...more) {
  assert.deepEqual(Object.keys(role).sort(), [...ROLE, ...more].sort());
  assertStamped(role);
}

/** An article; the test may know more of it. */
export function assertArticle(article, known) {
  assertStamped(article);
  for (const [key, value] of Object.entries(known)) {
    assert.deepEqual(article[key], value, key);
  }
}

export function assertJwt(text) {
  assert.match(text, /^[\w-]+\.[\w-]+\.[\w-]+$/);
}
