// Accounts and sessions, by the pages, in both token modes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MODES, PASSWORD, alertOf, atProfile, close, login, open, register, send, shown, start } from './support.mjs';

after(close);

for (const mode of MODES) {
  describe(mode, () => {
    let app;
    before(async () => {
      app = await start(mode);
    });
    after(() => app?.stop());

    test('register, sign out, sign in', async () => {
      const page = await open();
      await register(page, app.url, 'ann');
      await page.getByText('ann@example.com').waitFor();
      await page.reload();
      await atProfile(page, 'ann');
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.waitForURL('**/login');
      await page.goto(`${app.url}/pages/profile`);
      await page.waitForURL('**/login');
      await login(page, app.url, 'ann', 'wrong');
      assert.equal(await alertOf(page), 'Invalid identifier or password');
      await send(page, { 'E-mail or user name': 'ANN@example.com', Password: PASSWORD });
      await atProfile(page, 'ann');
      assert.deepEqual(page.faults, []);
    });

    test('what is wrong is said, and beside the field', async () => {
      const page = await open();
      await page.goto(`${app.url}/pages/register`);
      await send(page, { 'User name': 'ben', 'E-mail': 'no address', Password: PASSWORD });
      await alertOf(page);
      const email = page.getByLabel('E-mail');
      assert.equal(await email.getAttribute('aria-invalid'), 'true');
      const described = await email.getAttribute('aria-describedby');
      assert.match(await page.locator(`[id="${described}"]`).textContent(), /email/);
      assert.ok(await email.evaluate((field) => field === document.activeElement));
      await send(page, { 'User name': '', 'E-mail': 'ben@example.com' });
      assert.equal(await alertOf(page), 'Something is missing.');
      assert.equal(await email.getAttribute('aria-invalid'), null);
      assert.equal(await page.getByLabel('User name').getAttribute('aria-invalid'), 'true');
      await send(page, { 'User name': 'support' });
      await page.getByRole('alert').getByText('This name is reserved.').waitFor();
      await send(page, { 'User name': 'ben' });
      await atProfile(page, 'ben');
      assert.deepEqual(page.faults, []);
    });

    test('a forgotten password is set anew by the mailed link', async () => {
      const page = await open();
      await register(page, app.url, 'cat');
      const away = await open();
      await away.goto(`${app.url}/pages/forgot-password`);
      await send(away, { 'E-mail of the account': 'cat@example.com' });
      await shown(away, 'status').waitFor();
      const link = away.locator(`a[href^="${app.url}/pages/reset-password?code="]`);
      for (let tries = 0; tries < 100; tries += 1) {
        await away.goto(`${app.url}/api/users-permissions/dev/mails`);
        if (await link.count()) break;
        await away.waitForTimeout(50);
      }
      await link.click();
      await away.waitForURL('**/reset-password');
      await send(away, { 'New password': 'another staple 7', 'The same again': 'something else 7' });
      assert.equal(await alertOf(away), 'Passwords do not match');
      await send(away, { 'New password': 'another staple 7', 'The same again': 'another staple 7' });
      await atProfile(away, 'cat');
      // Who was signed in with the old one is not any more.
      await page.reload();
      await page.waitForURL('**/login');
      await login(page, app.url, 'cat');
      assert.equal(await alertOf(page), 'Invalid identifier or password');
      await page.goto(`${app.url}/pages/reset-password`);
      assert.equal(await alertOf(page), 'Open this page by the link that was mailed.');
      assert.deepEqual([...page.faults, ...away.faults], []);
    });

    test('nothing that renews a sign-in is within reach of scripts', async () => {
      const page = await open();
      await register(page, app.url, 'dan');
      const reachable = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]));
      const cookies = await page.context().cookies();
      assert.ok(cookies.every((cookie) => cookie.httpOnly && !reachable.includes(cookie.value)));
      assert.equal(cookies.length, mode === 'refresh' ? 1 : 0);
      // Without the tab's token: the cookie makes another one, or there is nobody.
      await page.evaluate(() => sessionStorage.clear());
      await page.reload();
      if (mode === 'refresh') await atProfile(page, 'dan');
      else await page.waitForURL('**/login');
    });
  });
}

describe('sessions', () => {
  let app;
  before(async () => {
    app = await start('refresh');
  });
  after(() => app?.stop());

  test('one is ended elsewhere, then all', async () => {
    const [here, there] = [await open(), await open()];
    await register(here, app.url, 'eve');
    await login(there, app.url, 'eve');
    await atProfile(there, 'eve');
    await here.reload();
    const places = here.locator('#sessions li');
    await places.nth(1).waitFor();
    assert.equal(await places.count(), 2);
    assert.match(await places.first().textContent(), /here, now/);
    await places.nth(1).getByRole('button').click();
    await here.getByRole('status').getByText('is signed out').waitFor();
    assert.equal(await places.count(), 1);
    assert.equal(await here.evaluate(() => document.activeElement.id), 'places');
    await there.reload();
    await there.waitForURL('**/login');
    await login(there, app.url, 'eve');
    await atProfile(there, 'eve');
    await there.getByRole('button', { name: 'Sign out everywhere' }).click();
    await there.waitForURL('**/login');
    await here.reload();
    await here.waitForURL('**/login');
    assert.deepEqual([...here.faults, ...there.faults], []);
  });

  test('tabs that renew at once get a token each', async () => {
    const page = await open();
    await register(page, app.url, 'fay');
    const tabs = await Promise.all([1, 2, 3, 4].map(() => page.context().newPage()));
    await Promise.all(tabs.map((tab) => tab.goto(`${app.url}/pages/profile`)));
    await Promise.all(tabs.map((tab) => atProfile(tab, 'fay')));
  });
});
