// What both SDKs put on the wire beside the obvious: content types without bodies, forms, methods.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  HTTPBadRequestError,
  HTTPError,
  HTTPForbiddenError,
  HTTPNotFoundError,
} from '@strapi/client';
import {
  NOT_FOUND,
  PASSWORD,
  administrator,
  apiError,
  assertUser,
  client,
  endpoint,
  errorBody,
  fieldError,
  register,
  sdkJs,
  thrownBody,
} from './support.mjs';

const NO_CREDENTIALS = apiError(400, 'ValidationError', '2 errors occurred', {
  errors: [
    fieldError('identifier', 'identifier is a required field'),
    fieldError('password', 'password is a required field'),
  ],
});

/** Notes the headers of what `@strapi/client` sends from now on. */
function noting(t) {
  const real = globalThis.fetch;
  const noted = [];
  t.mock.method(globalThis, 'fetch', (request, init) => {
    noted.push({ method: request.method, type: request.headers.get('content-type') });
    return real(request, init);
  });
  return noted;
}

let jwt;
before(async () => {
  ({ jwt } = await register('w_writer'));
});

describe('a JSON content type without a body', () => {
  test('@strapi/client sends it with GET and DELETE', async (t) => {
    const noted = noting(t);
    const articles = client(jwt).collection('articles');
    await articles.find();
    const { data } = await articles.create({ title: 'w typed' });
    await articles.findOne(data.documentId);
    await articles.delete(data.documentId);
    assertUser(await client(jwt).single('me', { path: '/users/me' }).find());
    assert.deepEqual(
      noted.map(({ method }) => method),
      ['GET', 'POST', 'GET', 'DELETE', 'GET'],
    );
    noted.forEach(({ type }) => assert.equal(type, 'application/json'));
  });

  test('strapi-sdk-js sends it where it is told to', async () => {
    const sdk = sdkJs(jwt);
    const headers = { 'Content-Type': 'application/json' };
    const { data } = await sdk.create('articles', { title: 'w untyped' });
    assertUser(await sdk.request('get', '/users/me', { headers }));
    const path = `/articles/${data.documentId}`;
    assert.equal(await sdk.request('delete', path, { headers }), '');
  });

  test('deleting users and roles', async () => {
    const admin = client(await administrator());
    const { user } = await register('w_deleted');
    const response = await admin.fetch(`/users/${user.id}`, { method: 'DELETE' });
    assert.equal(response.status, 200);
    assertUser(await response.json());
  });

  test('a login of nothing misses its fields', async () => {
    const attempt = endpoint(client(), 'auth/local').create(undefined);
    assert.deepEqual(await errorBody(attempt, HTTPBadRequestError), NO_CREDENTIALS);
  });
});

describe('a POST without a body, which strapi-sdk-js sends as an empty form', () => {
  test('login misses its fields', async () => {
    assert.deepEqual(await thrownBody(sdkJs().request('post', '/auth/local')), NO_CREDENTIALS);
  });

  test('registration misses its fields', async () => {
    const { error } = await thrownBody(sdkJs().request('post', '/auth/local/register'));
    assert.deepEqual([error.status, error.message], [400, '3 errors occurred']);
  });

  test('users miss their fields', async () => {
    const admin = sdkJs(await administrator());
    const { error } = await thrownBody(admin.request('post', '/users'));
    assert.deepEqual([error.status, error.name], [400, 'ValidationError']);
  });

  test('nobody is forbidden before the body counts', async () => {
    const { error } = await thrownBody(sdkJs().request('post', '/articles'));
    assert.equal(error.status, 403);
  });
});

describe('bodies that are no JSON', () => {
  const credentials = { identifier: 'w_writer', password: PASSWORD };

  test('a login as a form', async () => {
    const body = new URLSearchParams(credentials);
    const response = await client().fetch('/auth/local', { method: 'POST', body });
    assertUser((await response.json()).user);
  });

  test('a login as multipart is refused', async () => {
    const body = new FormData();
    Object.entries(credentials).forEach(([key, value]) => body.append(key, value));
    const attempt = client().fetch('/auth/local', { method: 'POST', body });
    assert.equal((await errorBody(attempt, HTTPError)).error.status, 415);
  });

  test('a login as plain text is refused and not repeated in the answer', async () => {
    const body = JSON.stringify(credentials);
    const attempt = client().fetch('/auth/local', { method: 'POST', body });
    const answer = await errorBody(attempt, HTTPError);
    assert.equal(answer.error.status, 415);
    assert.ok(!JSON.stringify(answer).includes(PASSWORD));
  });

  test('broken JSON is refused and not repeated in the answer', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const body = `{"identifier": "w_writer", "password": "${PASSWORD}`;
    const attempt = client().fetch('/auth/local', { method: 'POST', headers, body });
    const { error } = await errorBody(attempt, HTTPBadRequestError);
    assert.equal(error.name, 'SyntaxError');
    assert.ok(!error.message.includes(PASSWORD));
  });
});

describe('routes', () => {
  test('an unknown one is not found', async () => {
    assert.deepEqual(await thrownBody(sdkJs(jwt).find('nothing-here')), NOT_FOUND);
    const attempt = client(jwt).collection('nothing-here').find();
    assert.deepEqual(await errorBody(attempt, HTTPNotFoundError), NOT_FOUND);
  });

  test("a method that a path lacks is the client's plain HTTPError", async () => {
    const attempt = client(jwt).fetch('/articles', { method: 'PATCH', body: '{}' });
    const { error } = await errorBody(attempt, HTTPError);
    assert.deepEqual([error.status, error.name], [405, 'MethodNotAllowedError']);
  });

  test('a slash at the end is allowed', async () => {
    const { data } = await sdkJs().find('articles/');
    assert.ok(Array.isArray(data));
    assert.equal((await client(jwt).fetch('/users/me/')).status, 200);
  });

  test('a forbidden caller learns nothing of what the body lacks', async () => {
    const attempt = client().collection('articles').create({});
    const { error } = await errorBody(attempt, HTTPForbiddenError);
    assert.deepEqual(error.details, {});
  });
});
