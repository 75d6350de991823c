// strapi-sdk-js: content, by the articles of the example.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  FORBIDDEN,
  NOT_FOUND,
  administrator,
  apiError,
  assertArticle,
  register,
  sdkJs,
  thrownBody,
} from './support.mjs';

/** A client that notes the status of its last answer. */
function noting(token) {
  const sdk = sdkJs(token);
  const noted = { sdk, status: undefined };
  sdk.axios.interceptors.response.use((response) => {
    noted.status = response.status;
    return response;
  });
  return noted;
}

const titles = ({ data }) => data.map((article) => article.title);

describe('strapi-sdk-js: writing articles', () => {
  let author;
  before(async () => {
    author = (await register('jc_author')).jwt;
  });

  test('create answers 201 with the article', async () => {
    const noted = noting(author);
    const { data, meta } = await noted.sdk.create('articles', { title: 'jc made', body: 'text' });
    assert.equal(noted.status, 201);
    assertArticle(data, { title: 'jc made', body: 'text', status: 'draft' });
    assert.deepEqual(meta, {});
  });

  test('findOne answers what was created, to anyone', async () => {
    const made = await sdkJs(author).create('articles', { title: 'jc found' });
    assert.deepEqual(await sdkJs().findOne('articles', made.data.documentId), made);
  });

  test('update answers 200 and keeps what it does not name', async () => {
    const noted = noting(author);
    const made = await noted.sdk.create('articles', { title: 'jc before', body: 'stays' });
    const { documentId } = made.data;
    const { data } = await noted.sdk.update('articles', documentId, { title: 'jc after' });
    assert.equal(noted.status, 200);
    assertArticle(data, {
      id: made.data.id,
      documentId,
      title: 'jc after',
      body: 'stays',
      createdAt: made.data.createdAt,
    });
    assert.deepEqual((await noted.sdk.findOne('articles', documentId)).data, data);
  });

  test('an attribute is emptied by null', async () => {
    const sdk = sdkJs(author);
    const made = await sdk.create('articles', { title: 'jc emptied', body: 'goes' });
    const { data } = await sdk.update('articles', made.data.documentId, { body: null });
    assert.equal(data.body, null);
  });

  test('delete answers 204 without a body', async () => {
    const noted = noting(author);
    const { data } = await noted.sdk.create('articles', { title: 'jc deleted' });
    assert.equal(await noted.sdk.delete('articles', data.documentId), '');
    assert.equal(noted.status, 204);
    assert.deepEqual(await thrownBody(noted.sdk.findOne('articles', data.documentId)), NOT_FOUND);
  });

  test('the required title is missed', async () => {
    const body = await thrownBody(sdkJs(author).create('articles', { body: 'no title' }));
    assert.equal(body.error.status, 400);
    assert.equal(body.error.name, 'ValidationError');
    assert.equal(body.error.message, 'title must be defined.');
  });

  test('the data payload is missed', async () => {
    for (const data of [{}, { title: 'not wrapped' }]) {
      const body = await thrownBody(sdkJs(author).request('post', '/articles', { data }));
      assert.deepEqual(
        body,
        apiError(400, 'ValidationError', 'Missing "data" payload in the request body'),
      );
    }
  });

  test('an unknown article is not found', async () => {
    const sdk = sdkJs(author);
    const id = 'a'.repeat(24);
    assert.deepEqual(await thrownBody(sdk.findOne('articles', id)), NOT_FOUND);
    assert.deepEqual(await thrownBody(sdk.update('articles', id, { title: 'x' })), NOT_FOUND);
    assert.deepEqual(await thrownBody(sdk.delete('articles', id)), NOT_FOUND);
  });

  test('without a token nothing is written', async () => {
    const { data } = await sdkJs(author).create('articles', { title: 'jc guarded' });
    const sdk = sdkJs();
    assert.deepEqual(await thrownBody(sdk.create('articles', { title: 'x' })), FORBIDDEN);
    const { documentId } = data;
    assert.deepEqual(
      await thrownBody(sdk.update('articles', documentId, { title: 'x' })),
      FORBIDDEN,
    );
    assert.deepEqual(await thrownBody(sdk.delete('articles', documentId)), FORBIDDEN);
  });

  test('others do not write an article, the administrator does', async () => {
    const { data } = await sdkJs(author).create('articles', { title: 'jc owned' });
    const other = sdkJs((await register('jc_other')).jwt);
    const { documentId } = data;
    const change = { title: 'jc taken over' };
    assert.deepEqual(await thrownBody(other.update('articles', documentId, change)), FORBIDDEN);
    assert.deepEqual(await thrownBody(other.delete('articles', documentId)), FORBIDDEN);
    const admin = sdkJs(await administrator());
    assert.equal((await admin.update('articles', documentId, change)).data.title, change.title);
    assert.equal(await admin.delete('articles', documentId), '');
  });
});

describe('strapi-sdk-js: the query of one article', () => {
  let sdk;
  before(async () => {
    sdk = sdkJs((await register('jc_fields')).jwt);
  });
  const chosen = ['documentId', 'id', 'title'];

  test('findOne takes fields', async () => {
    const { data } = await sdk.create('articles', { title: 'jc one', body: 'text' });
    const found = await sdk.findOne('articles', data.documentId, { fields: ['title'] });
    assert.deepEqual(Object.keys(found.data).sort(), chosen);
  });

  test('create takes fields', async () => {
    const { data } = await sdk.create('articles', { title: 'jc two' }, { fields: ['title'] });
    assert.deepEqual(Object.keys(data).sort(), chosen);
  });

  test('update takes fields', async () => {
    const made = await sdk.create('articles', { title: 'jc three' });
    const { documentId } = made.data;
    const query = { fields: ['title'] };
    const { data } = await sdk.update('articles', documentId, { title: 'jc four' }, query);
    assert.deepEqual(Object.keys(data).sort(), chosen);
  });

  test('an unknown field is refused', async () => {
    const { data } = await sdk.create('articles', { title: 'jc five' });
    const query = { fields: ['nope'] };
    const body = await thrownBody(sdk.findOne('articles', data.documentId, query));
    assert.equal(body.error.message, 'Invalid key nope');
  });

  test('articles tell when they were published', async () => {
    const { data } = await sdk.create('articles', { title: 'jc six' });
    assert.ok('publishedAt' in data);
  });
});

describe('strapi-sdk-js: finding articles', () => {
  const sdk = sdkJs();
  const mine = { title: { $startsWith: 'jq ' } };
  const find = (params) => sdk.find('articles', { sort: ['title'], ...params });
  const among = (...filters) => find({ filters: { $and: [mine, ...filters] } });

  before(async () => {
    const writer = sdkJs((await register('jq_author')).jwt);
    for (const [title, status, body] of [
      ['jq alpha', 'published', 'first'],
      ['jq beta', 'draft', '100% of_it'],
      ['jq gamma & co', 'published', null],
      ['jq delta+äöü', 'draft', 'a [b] "c" \\d'],
      ['jq Epsilon', 'published', 'last'],
    ]) {
      await writer.create('articles', { title, status, ...(body && { body }) });
    }
  });

  test('anyone reads the list, with its pagination', async () => {
    const { data, meta } = await find({ filters: mine });
    assert.equal(data.length, 5);
    data.forEach((article) => assertArticle(article, {}));
    assert.deepEqual(meta, { pagination: { page: 1, pageSize: 25, pageCount: 1, total: 5 } });
  });

  test('without parameters', async () => {
    const { data, meta } = await sdk.find('articles');
    assert.ok(data.length >= 5 && data.length <= 25);
    assert.equal(meta.pagination.page, 1);
    assert.equal(meta.pagination.pageSize, 25);
  });

  test('filters: equal, not equal, in a list', async () => {
    assert.deepEqual(titles(await among({ title: { $eq: 'jq beta' } })), ['jq beta']);
    assert.deepEqual(titles(await among({ title: 'jq beta' })), ['jq beta']);
    assert.deepEqual(titles(await among({ title: { $eqi: 'JQ BETA' } })), ['jq beta']);
    assert.deepEqual(titles(await among({ status: { $ne: 'published' } })), [
      'jq beta',
      'jq delta+äöü',
    ]);
    const list = ['jq alpha', 'jq beta', 'jq nothing'];
    assert.deepEqual(titles(await among({ title: { $in: list } })), ['jq alpha', 'jq beta']);
    assert.equal((await among({ title: { $notIn: list } })).data.length, 3);
  });

  test('filters: text with signs that mean something in a URL or in SQL', async () => {
    assert.deepEqual(titles(await among({ title: { $contains: '+äö' } })), ['jq delta+äöü']);
    assert.deepEqual(titles(await among({ title: { $contains: '& co' } })), ['jq gamma & co']);
    assert.deepEqual(titles(await among({ body: { $contains: '0% of_' } })), ['jq beta']);
    assert.deepEqual(titles(await among({ body: { $contains: '[b] "c" \\' } })), ['jq delta+äöü']);
    assert.deepEqual(titles(await among({ title: { $contains: '%' } })), []);
    assert.deepEqual(titles(await among({ title: { $contains: '_' } })), []);
  });

  test('filters: whatever the case', async () => {
    assert.deepEqual(titles(await among({ title: { $containsi: 'epsiLON' } })), ['jq Epsilon']);
    assert.deepEqual(titles(await among({ title: { $startsWithi: 'JQ E' } })), ['jq Epsilon']);
    assert.deepEqual(titles(await among({ title: { $endsWithi: 'LON' } })), ['jq Epsilon']);
  });

  test('filters: by case', async () => {
    assert.deepEqual(titles(await among({ title: { $contains: 'epsilon' } })), []);
    assert.deepEqual(titles(await among({ title: { $startsWith: 'jq e' } })), []);
    assert.deepEqual(titles(await among({ title: { $endsWith: 'EPSILON' } })), []);
  });

  test('filters: whatever the case, beyond ASCII', async () => {
    const writer = sdkJs((await register('jq_umlaut')).jwt);
    const { data } = await writer.create('articles', { title: 'jx ÄRGER' });
    for (const condition of [
      { $eqi: 'jx ÄRGER' },
      { $containsi: 'ÄRGER' },
      { $startsWithi: 'jx Ä' },
      { $endsWithi: 'ÄRGER' },
    ]) {
      const filters = { documentId: data.documentId, title: condition };
      const found = await sdk.find('articles', { filters });
      assert.deepEqual(titles(found), ['jx ÄRGER'], JSON.stringify(condition));
    }
  });

  test('filters: null and not null', async () => {
    assert.deepEqual(titles(await among({ body: { $null: true } })), ['jq gamma & co']);
    assert.equal((await among({ body: { $notNull: true } })).data.length, 4);
  });

  test('filters: and, or, not', async () => {
    const either = { $or: [{ title: { $eq: 'jq alpha' } }, { body: { $eq: 'last' } }] };
    assert.deepEqual(titles(await among(either)), ['jq Epsilon', 'jq alpha']);
    assert.deepEqual(titles(await among({ $not: { status: 'published' } })), [
      'jq beta',
      'jq delta+äöü',
    ]);
    assert.deepEqual(titles(await among(either, { title: { $not: { $contains: 'alpha' } } })), [
      'jq Epsilon',
    ]);
  });

  test('filters: ranges', async () => {
    assert.deepEqual(titles(await among({ title: { $between: ['jq a', 'jq c'] } })), [
      'jq alpha',
      'jq beta',
    ]);
    assert.deepEqual(titles(await among({ title: { $gt: 'jq delta+äöü' } })), ['jq gamma & co']);
    const now = new Date(Date.now() + 60_000).toISOString();
    assert.equal((await among({ createdAt: { $lt: now } })).data.length, 5);
    assert.equal((await among({ createdAt: { $gte: now } })).data.length, 0);
  });

  test('sort in every notation', async () => {
    const down = ['jq gamma & co', 'jq delta+äöü', 'jq beta', 'jq alpha', 'jq Epsilon'];
    for (const sort of ['title:desc', ['title:desc'], { title: 'desc' }]) {
      assert.deepEqual(titles(await find({ filters: mine, sort })), down, JSON.stringify(sort));
    }
    const two = await find({ filters: mine, sort: ['status', 'title:desc'] });
    assert.deepEqual(titles(two), [
      'jq delta+äöü',
      'jq beta',
      'jq gamma & co',
      'jq alpha',
      'jq Epsilon',
    ]);
  });

  test('sort by a list of objects', async () => {
    const { data } = await find({ filters: mine, sort: [{ status: 'asc' }, { title: 'desc' }] });
    assert.equal(data[0].title, 'jq delta+äöü');
  });

  test('fields; the ids always come along', async () => {
    const { data } = await find({ filters: mine, fields: ['title', 'status'] });
    for (const article of data) {
      assert.deepEqual(Object.keys(article).sort(), ['documentId', 'id', 'status', 'title']);
    }
  });

  test('pages by number', async () => {
    const { data, meta } = await find({ filters: mine, pagination: { page: 2, pageSize: 2 } });
    assert.deepEqual(titles({ data }), ['jq beta', 'jq delta+äöü']);
    assert.deepEqual(meta.pagination, { page: 2, pageSize: 2, pageCount: 3, total: 5 });
  });

  test('pages by offset', async () => {
    const { data, meta } = await find({ filters: mine, pagination: { start: 3, limit: 10 } });
    assert.deepEqual(titles({ data }), ['jq delta+äöü', 'jq gamma & co']);
    assert.deepEqual(meta.pagination, { start: 3, limit: 10, total: 5 });
  });

  test('pages without counts', async () => {
    const numbered = { page: 1, pageSize: 2, withCount: false };
    assert.deepEqual((await find({ filters: mine, pagination: numbered })).meta.pagination, {
      page: 1,
      pageSize: 2,
    });
    const offset = { start: 0, limit: 2, withCount: false };
    assert.deepEqual((await find({ filters: mine, pagination: offset })).meta.pagination, {
      start: 0,
      limit: 2,
    });
  });

  test('pages are capped', async () => {
    const { meta } = await find({ filters: mine, pagination: { pageSize: 1000 } });
    assert.equal(meta.pagination.pageSize, 100);
  });

  test('nothing found', async () => {
    const { data, meta } = await among({ title: 'jq nobody wrote this' });
    assert.deepEqual(data, []);
    assert.deepEqual(meta.pagination, { page: 1, pageSize: 25, pageCount: 0, total: 0 });
  });

  test('parameters that are undefined are left out', async () => {
    const { data } = await find({ filters: mine, fields: undefined, pagination: undefined });
    assert.equal(data.length, 5);
  });

  test('unknown keys are refused', async () => {
    const details = { source: 'query' };
    assert.deepEqual(
      await thrownBody(find({ filters: { nope: { $eq: 1 } } })),
      apiError(400, 'ValidationError', 'Invalid key nope', {
        key: 'nope',
        path: null,
        param: 'filters',
        ...details,
      }),
    );
    const unknown = await thrownBody(find({ filters: { title: { $bad: 1 } } }));
    assert.equal(unknown.error.message, 'Invalid key $bad at title');
    assert.equal((await thrownBody(find({ sort: ['nope'] }))).error.name, 'ValidationError');
    assert.equal((await thrownBody(find({ fields: ['nope'] }))).error.name, 'ValidationError');
    assert.equal(
      (await thrownBody(find({ sort: ['title:up'] }))).error.message,
      'Invalid order. order can only be one of asc|desc|ASC|DESC',
    );
  });
});
