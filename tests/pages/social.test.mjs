// Signing in by a real OpenID provider, from the button to the profile, in both token modes.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Strapi from 'strapi-sdk-js';
import { MODES, PASSWORD, alertOf, atProfile, atProvider, close, open, register, send, start } from './support.mjs';

after(close);

for (const mode of MODES) {
  describe(mode, () => {
    let app;
    before(async () => {
      app = await start(mode);
    });
    after(() => app?.stop());

    const depart = async (page) => {
      await page.goto(`${app.url}/pages/login`);
      await page.getByRole('button', { name: 'Acme' }).click();
    };

    test('from the sign-in page by the forms of the provider to the profile', async () => {
      const page = await open();
      const urls = [];
      page.on('request', (request) => urls.push(request.url()));
      await depart(page);
      await atProvider(page, app.issuer, 'otto');
      await atProfile(page, 'otto');
      await page.locator('#identities').getByText('otto@idp.example').waitFor();
      assert.match(await page.locator('#identities').textContent(), /Acme.*otto@idp\.example/);
      // The provider knew nothing but a hash, and has given nothing that the page shows.
      const out = new URL(urls.find((url) => url.startsWith(`${app.url}/api/connect/acme?`)));
      assert.match(out.searchParams.get('code_challenge'), /^[\w-]{43}$/);
      const back = new URL(urls.find((url) => url.startsWith(`${app.url}/api/auth/acme/callback?`)));
      assert.match(back.searchParams.get('access_token'), /^[0-9a-f]{64}$/);
      // Neither the address bar nor "back" has the ticket.
      assert.equal(page.url(), `${app.url}/pages/profile`);
      await page.goBack();
      assert.doesNotMatch(page.url(), /access_token/);
      // Used up: not even with the code that goes with it.
      assert.equal((await fetch(back)).status, 400);
      const cookies = await page.context().cookies(app.url);
      assert.equal(cookies.some((cookie) => cookie.name === 'strapi_up_refresh'), mode === 'refresh');
      assert.equal(cookies.some((cookie) => cookie.name === 'up_connect'), false);
      // The last way in stays.
      await page.goto(`${app.url}/pages/profile`);
      await page.getByRole('button', { name: 'Unlink: Acme' }).click();
      assert.equal(await alertOf(page), 'The last way to sign in cannot be removed');
      // Out, and in again: the provider asks nothing any more, and it is the same user.
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.waitForURL('**/login');
      await page.getByRole('button', { name: 'Acme' }).click();
      await atProfile(page, 'otto');
      assert.deepEqual(page.faults, []);
    });

    test('who says no at the provider is told so, and may begin again', async () => {
      const page = await open();
      await depart(page);
      await page.waitForURL(`${app.issuer}/interaction/**`);
      await page.getByRole('link', { name: 'Cancel' }).click();
      await page.waitForURL('**/connect/acme/redirect');
      assert.equal(await alertOf(page), 'The login was cancelled');
      await page.getByRole('link', { name: 'Sign in' }).click();
      await page.getByRole('button', { name: 'Acme' }).click();
      await atProvider(page, app.issuer, 'nora');
      await atProfile(page, 'nora');
      assert.deepEqual(page.faults, []);
    });

    test("somebody else's ticket, and an address that is taken, sign nobody in", async () => {
      const page = await open();
      await page.goto(`${app.url}/connect/acme/redirect?access_token=${'0'.repeat(64)}`);
      assert.equal(await alertOf(page), 'This sign-in was not begun here. Please begin again.');
      assert.equal(page.url(), `${app.url}/connect/acme/redirect`);
      await page.goto(`${app.url}/pages/register`);
      await send(page, { 'User name': 'owner', 'E-mail': 'taken@idp.example', Password: PASSWORD });
      await atProfile(page, 'owner');
      const other = await open();
      await depart(other);
      await atProvider(other, app.issuer, 'taken');
      assert.equal(await alertOf(other), 'Email is already taken.');
      await other.goto(`${app.url}/pages/profile`);
      await other.waitForURL('**/login');
    });

    test('a provider is linked with the password, used, and unlinked', async () => {
      const page = await open();
      await register(page, app.url, 'lena');
      await page.getByRole('button', { name: 'Link Acme' }).click();
      await atProvider(page, app.issuer, 'lena-at-acme');
      const password = page.getByLabel('Your password, to link the provider');
      await password.fill('wrong');
      await page.keyboard.press('Enter');
      assert.equal(await alertOf(page), 'The provided current password is invalid');
      await password.fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/profile');
      await page.getByText('lena-at-acme@idp.example').waitFor();
      const other = await open();
      await depart(other);
      await atProvider(other, app.issuer, 'lena-at-acme');
      await atProfile(other, 'lena');
      await page.getByRole('button', { name: 'Unlink: Acme' }).click();
      await page.getByRole('status').getByText('Acme is unlinked.').waitFor();
      await page.getByRole('button', { name: 'Link Acme' }).waitFor();
      assert.deepEqual([...page.faults, ...other.faults], []);
    });

    test("strapi-sdk-js' provider methods, unchanged", async () => {
      const sdk = new Strapi({ url: app.url });
      const page = await open();
      await page.goto(sdk.getProviderAuthenticationUrl('plain'));
      await atProvider(page, app.issuer, 'sdk');
      await page.waitForURL(`${app.issuer}/front?**`);
      const ticket = new URL(page.url()).searchParams.get('access_token');
      const { jwt, user } = await sdk.authenticateProvider('plain', ticket);
      assert.deepEqual([user.username, user.email, user.provider], ['sdk', 'sdk@idp.example', 'plain']);
      const signedIn = new Strapi({ url: app.url, axiosOptions: { headers: { Authorization: `Bearer ${jwt}` } } });
      assert.equal((await signedIn.fetchUser()).id, user.id);
      const again = await sdk.authenticateProvider('plain', ticket).then(assert.fail, (thrown) => thrown.error);
      assert.deepEqual([again.status, again.name], [400, 'ApplicationError']);
    });
  });
}
