// @strapi/client: content, by the articles of the example.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { HTTPBadRequestError, HTTPForbiddenError, HTTPNotFoundError } from '@strapi/client';
import {
  FORBIDDEN,
  NOT_FOUND,
  administrator,
  apiError,
  assertArticle,
  client,
  errorBody,
  register,
} from './support.mjs';

const articlesOf = (token) => client(token).collection('articles');
const titles = ({ data }) => data.map((article) => article.title);

/** Notes the status of every answer from now on. */
function noting(t) {
  const real = globalThis.fetch;
  const statuses = [];
  t.mock.method(globalThis, 'fetch', async (request, init) => {
    const response = await real(request, init);
    statuses.push(response.status);
    return response;
  });
  return statuses;
}

describe('@strapi/client: writing articles', () => {
  let mine;
  before(async () => {
    mine = articlesOf((await register('cc_author')).jwt);
  });

  test('create, findOne, update, delete', async (t) => {
    const statuses = noting(t);
    const made = await mine.create({ title: 'cc made', body: 'text', status: 'published' });
    assertArticle(made.data, { title: 'cc made', body: 'text', status: 'published' });
    assert.deepEqual(made.meta, {});
    const { documentId } = made.data;
    assert.deepEqual(await mine.findOne(documentId), made);
    const { data } = await mine.update(documentId, { title: 'cc changed' });
    assertArticle(data, { documentId, title: 'cc changed', body: 'text' });
    assert.deepEqual((await mine.findOne(documentId)).data, data);
    assert.equal(await mine.delete(documentId), undefined);
    assert.deepEqual(statuses, [201, 200, 200, 200, 204]);
    assert.deepEqual(await errorBody(mine.findOne(documentId), HTTPNotFoundError), NOT_FOUND);
  });

  test('the required title is missed', async () => {
    const { error } = await errorBody(mine.create({ body: 'no title' }), HTTPBadRequestError);
    assert.deepEqual([error.name, error.message], ['ValidationError', 'title must be defined.']);
  });

  test('the data payload is missed', async () => {
    assert.deepEqual(
      await errorBody(mine.create(undefined), HTTPBadRequestError),
      apiError(400, 'ValidationError', 'Missing "data" payload in the request body'),
    );
  });

  test('an unknown article is not found', async () => {
    const id = 'a'.repeat(24);
    for (const attempt of [
      () => mine.findOne(id),
      () => mine.update(id, { title: 'x' }),
      () => mine.delete(id),
    ]) {
      assert.deepEqual(await errorBody(attempt(), HTTPNotFoundError), NOT_FOUND);
    }
  });

  test('neither nobody nor others write an article, the administrator does', async () => {
    const { data } = await mine.create({ title: 'cc owned' });
    const { documentId } = data;
    const other = articlesOf((await register('cc_other')).jwt);
    for (const attempt of [
      () => articlesOf().create({ title: 'x' }),
      () => articlesOf().update(documentId, { title: 'x' }),
      () => articlesOf().delete(documentId),
      () => other.update(documentId, { title: 'x' }),
      () => other.delete(documentId),
    ]) {
      assert.deepEqual(await errorBody(attempt(), HTTPForbiddenError), FORBIDDEN);
    }
    const admin = articlesOf(await administrator());
    assert.equal(
      (await admin.update(documentId, { title: 'cc taken over' })).data.title,
      'cc taken over',
    );
    await admin.delete(documentId);
  });

  test('queries of writes are taken', async () => {
    const query = { fields: ['title'] };
    const chosen = ['documentId', 'id', 'title'];
    const made = await mine.create({ title: 'cc fields' }, query);
    assert.deepEqual(Object.keys(made.data).sort(), chosen);
    const { documentId } = made.data;
    const changed = await mine.update(documentId, { title: 'cc fields' }, query);
    assert.deepEqual(Object.keys(changed.data).sort(), chosen);
    const found = await mine.findOne(documentId, query);
    assert.deepEqual(Object.keys(found.data).sort(), chosen);
  });
});

describe('@strapi/client: finding articles', () => {
  const mine = { title: { $startsWith: 'cq ' } };
  const find = (query) => articlesOf().find({ sort: ['title'], ...query });
  const among = (...filters) => find({ filters: { $and: [mine, ...filters] } });

  before(async () => {
    const writer = articlesOf((await register('cq_author')).jwt);
    for (const [title, status] of [
      ['cq one', 'published'],
      ['cq three & more', 'draft'],
      ['cq two 50%', 'published'],
    ]) {
      await writer.create({ title, status });
    }
  });

  test('anyone reads the list, with its pagination', async () => {
    const { data, meta } = await find({ filters: mine });
    assert.equal(data.length, 3);
    data.forEach((article) => assertArticle(article, {}));
    assert.deepEqual(meta, { pagination: { page: 1, pageSize: 25, pageCount: 1, total: 3 } });
    assert.ok(Array.isArray((await articlesOf().find()).data));
  });

  test('filters', async () => {
    assert.deepEqual(titles(await among({ title: { $eq: 'cq one' } })), ['cq one']);
    assert.deepEqual(titles(await among({ title: { $contains: '& m' } })), ['cq three & more']);
    assert.deepEqual(titles(await among({ title: { $contains: '50%' } })), ['cq two 50%']);
    assert.deepEqual(titles(await among({ title: { $in: ['cq one', 'cq none'] } })), ['cq one']);
    assert.deepEqual(titles(await among({ status: { $ne: 'published' } })), ['cq three & more']);
    const either = { $or: [{ title: 'cq one' }, { status: { $eq: 'draft' } }] };
    assert.deepEqual(titles(await among(either)), ['cq one', 'cq three & more']);
    assert.deepEqual(titles(await among({ $not: either })), ['cq two 50%']);
  });

  test('sort', async () => {
    const down = ['cq two 50%', 'cq three & more', 'cq one'];
    for (const sort of ['title:desc', ['title:desc'], 'title:DESC']) {
      assert.deepEqual(titles(await find({ filters: mine, sort })), down);
    }
    assert.deepEqual(titles(await find({ filters: mine, sort: ['status:desc', 'title:desc'] })), [
      'cq two 50%',
      'cq one',
      'cq three & more',
    ]);
  });

  test('fields', async () => {
    for (const article of (await find({ filters: mine, fields: ['title'] })).data) {
      assert.deepEqual(Object.keys(article).sort(), ['documentId', 'id', 'title']);
    }
  });

  test('pages', async () => {
    const second = await find({ filters: mine, pagination: { page: 2, pageSize: 2 } });
    assert.deepEqual(titles(second), ['cq two 50%']);
    assert.deepEqual(second.meta.pagination, { page: 2, pageSize: 2, pageCount: 2, total: 3 });
    const offset = await find({ filters: mine, pagination: { start: 1, limit: 1 } });
    assert.deepEqual(titles(offset), ['cq three & more']);
    assert.deepEqual(offset.meta.pagination, { start: 1, limit: 1, total: 3 });
    const uncounted = await find({
      filters: mine,
      pagination: { page: 1, pageSize: 1, withCount: false },
    });
    assert.deepEqual(uncounted.meta.pagination, { page: 1, pageSize: 1 });
  });

  test('nothing found', async () => {
    const { data, meta } = await among({ title: 'cq nobody wrote this' });
    assert.deepEqual(data, []);
    assert.deepEqual(meta.pagination, { page: 1, pageSize: 25, pageCount: 0, total: 0 });
  });

  test('an empty list of wanted values finds nothing', async () => {
    assert.deepEqual((await among({ title: { $in: [] } })).data, []);
  });

  test('an empty populate asks for nothing', async () => {
    assert.equal((await find({ filters: mine, populate: [] })).data.length, 3);
  });

  for (const query of [{ fields: [] }, { sort: [] }]) {
    test(`an empty list asks for nothing: ${JSON.stringify(query)}`, async () => {
      assert.equal((await find({ filters: mine, ...query })).data.length, 3);
    });
  }

  test('a long list of wanted values', async () => {
    const wanted = Array.from({ length: 100 }, (_, index) => `cq number ${index}`);
    wanted[99] = 'cq one';
    assert.deepEqual(titles(await among({ title: { $in: wanted } })), ['cq one']);
  });

  test('unknown keys are refused', async () => {
    const { error } = await errorBody(find({ filters: { nope: 1 } }), HTTPBadRequestError);
    assert.equal(error.message, 'Invalid key nope');
    assert.deepEqual(error.details, { key: 'nope', path: null, source: 'query', param: 'filters' });
  });
});
