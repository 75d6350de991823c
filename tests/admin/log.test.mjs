// What administrators take home: the log of changes, filtered, and both CSV files; proven over the API.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { PASSWORD, api, asAdmin, close, createRole, createUser, go, login, send, signedIn } from './support.mjs';

after(close);
const PING = 'api::article.article.ping';
const NAME = 'Log, "quoted"';
let role, other;
before(async () => {
  role = await createRole(NAME, [PING]);
  // Somebody else who changes something.
  const unit = 'plugin::users-permissions.user';
  const clerk = await createRole('Log clerk', [`${unit}.update`, `${unit}.findOne`]);
  await createUser('log-clerk', { role: clerk });
  other = await createUser('log-other', { role: clerk });
  const jwt = await login('log-clerk', PASSWORD);
  assert.equal((await api('PUT', `/users/${other.id}`, { username: 'log-renamed' }, jwt)).status, 200);
});

// The lines of a CSV file, each a list of its values.
const values = (line) => [...line.matchAll(/"((?:[^"]|"")*)"|([^,]+)|(?<=,|^)(?=,|$)/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
async function downloaded(page, name) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a:has-text("Download CSV")')]);
  assert.equal(download.suggestedFilename(), name);
  return readFileSync(await download.path(), 'utf8').trim().split('\r\n').map(values);
}

test('the access matrix is downloaded, and says what the API says', async () => {
  const page = await signedIn();
  await send(page, 'nav a:has-text("Access matrix")');
  const [head, ...rows] = await downloaded(page, 'access.csv');
  assert.deepEqual(head.slice(0, 2), ['action', 'routes']);
  const column = head.indexOf(NAME);
  assert.ok(column > 1, `${head}`);
  const { json } = await asAdmin('GET', `/users-permissions/roles/${role}`);
  const held = (action) => {
    const [, unit, controller, last] = /^(.*)\.([^.]*)\.([^.]*)$/.exec(action);
    return json.role.permissions[unit].controllers[controller][last].enabled;
  };
  assert.ok(rows.length > 20);
  for (const row of rows) assert.equal(row[column], held(row[0]) ? 'yes' : 'no', row[0]);
  assert.match(rows.find(([action]) => action === PING)[1], /GET \/api\/ping/);
  // As it is filtered, it is downloaded.
  await page.goto(`${page.url()}?q=article.ping`);
  const [, ...some] = await downloaded(page, 'access.csv');
  assert.deepEqual(some.map(([action]) => action), [PING]);
  assert.deepEqual(page.faults, []);
});

test('the log of changes is filtered by what, who, about and when', async () => {
  const page = await signedIn();
  await send(page, 'nav a:has-text("Log of changes")');
  const rows = () => page.locator('main .wrap > table > tbody > tr').allTextContents();
  const filter = async (fields) => {
    await go(page, '/changes');
    for (const [field, value] of Object.entries(fields)) {
      await (field === 'kind' ? page.selectOption('#kind', value) : page.fill(`#${field}`, value));
    }
    await send(page, 'button:has-text("Apply")');
    return rows();
  };
  const renamed = /log-clerk[\s\S]*changed the user[\s\S]*log-renamed/;
  let found = await filter({ actor: 'log-clerk' });
  assert.equal(found.length, 1);
  assert.match(found[0], renamed);
  await page.locator('details summary').first().click();
  assert.match(await page.textContent('table.diff'), /username[\s\S]*log-other[\s\S]*log-renamed/);
  found = await filter({ kind: 'role.created', text: NAME });
  assert.equal(found.length, 1);
  assert.match(found[0], /admin[\s\S]*created the role/);
  found = await filter({ kind: 'user.changed', actor: 'log-clerk' });
  assert.match(found[0], renamed);
  assert.deepEqual(await filter({ kind: 'user.deleted', actor: 'log-clerk' }), []);
  assert.match(await page.textContent('.empty'), /No change matches/);
  // Days are those of UTC, as the times are.
  const day = (ahead) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
  assert.equal((await filter({ actor: 'log-clerk', from: day(-1), to: day(1) })).length, 1);
  assert.deepEqual(await filter({ actor: 'log-clerk', from: day(2) }), []);
  assert.deepEqual(await filter({ actor: 'log-clerk', to: day(-2) }), []);
  await send(page, 'a:has-text("Show all")');
  assert.ok((await rows()).length > 1);
  assert.equal((await asAdmin('GET', `/users/${other.id}`)).json.username, 'log-renamed');
  assert.deepEqual(page.faults, []);
});

test('the log of changes is downloaded as it is filtered', async () => {
  const page = await signedIn();
  await go(page, '/changes?actor=log-clerk');
  const [head, ...lines] = await downloaded(page, 'changes.csv');
  const of = (line, name) => line[head.indexOf(name)];
  assert.ok(lines.length > 0);
  for (const line of lines) assert.deepEqual([of(line, 'actor'), of(line, 'kind')], ['log-clerk', 'user.changed']);
  const name = lines.find((line) => of(line, 'field') === 'username');
  assert.deepEqual([of(name, 'old'), of(name, 'new'), of(name, 'target_id')], ['log-other', 'log-renamed', `${other.id}`]);
  await go(page, '/changes');
  const [, ...all] = await downloaded(page, 'changes.csv');
  assert.ok(all.some((line) => of(line, 'kind') === 'role.created' && of(line, 'target') === NAME));
  assert.deepEqual(page.faults, []);
});
