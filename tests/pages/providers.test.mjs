// Every provider that is built in, and one of a few lines, from the button to the profile, at simulators that
// answer as the providers' documentation says.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PASSWORD, alertOf, atProfile, close, open, register, startSimulated } from './support.mjs';

const app = await startSimulated();
after(async () => {
  await close();
  await app.stop();
});

// Presses a button of the page, and signs in at the provider.
async function through(page, label) {
  await page.getByRole('button', { name: label, exact: true }).click();
  await page.waitForURL(`${app.simulators}/**`);
  await page.getByRole('link', { name: 'Continue' }).click();
}

async function login(page, display) {
  await page.goto(`${app.url}/pages/login`);
  await through(page, display);
}

async function out(page) {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.waitForURL('**/login');
}

test('there is a button for every provider', async () => {
  assert.equal(app.providers.length, 17);
  const page = await open();
  await page.goto(`${app.url}/pages/login`);
  await page.getByRole('button', { name: 'GitHub', exact: true }).waitFor();
  const labels = await page.locator('#providers button').allTextContents();
  assert.deepEqual(labels.sort(), app.providers.map(({ display }) => display).sort());
  assert.deepEqual(page.faults, []);
});

test('a link that somebody made up puts no words into the page', async () => {
  const page = await open();
  const words = 'error_description=Call+0900-1234&error_uri=https://evil.example';
  const [unknown, again] = ['Something went wrong. Please begin again.', 'Please begin again.'];
  for (const [name, error, called, said] of [
    ['github', 'Call+0900-1234', 'GitHub', unknown],
    ['github', 'constructor', 'GitHub', unknown],
    ['github', '', 'GitHub', unknown],
    ['Your-bank', 'access_denied', 'The provider', 'The login was cancelled'],
    ['github', 'state_mismatch', 'GitHub', `This sign-in was begun elsewhere, or took too long. ${again}`],
    ['github', 'oauth_error', 'GitHub', 'The provider could not be asked. Please try again later.'],
    // Not to be decoded.
    ['%zz', 'Call', 'The provider', unknown],
  ]) {
    await page.goto(`${app.url}/connect/${name}/redirect?error=${error}&${words}`);
    assert.equal(await alertOf(page), said, `${name} ${error}`);
    assert.equal(await page.locator('h1').textContent(), `${called} did not sign you in`, `${name} ${error}`);
    assert.doesNotMatch(await page.locator('body').textContent(), /Call|0900|evil|bank|zz/);
    assert.equal(page.url(), `${app.url}/connect/${name}/redirect`);
  }
  // A ticket that comes without having been gone for, at a page of a made-up name.
  await page.goto(`${app.url}/connect/Your-bank/redirect?access_token=${'0'.repeat(64)}`);
  assert.equal(await alertOf(page), 'This sign-in was not begun here. Please begin again.');
  assert.equal(await page.locator('h1').textContent(), 'The provider did not sign you in');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

for (const [number, { name, display, hasEmail }] of app.providers.entries()) {
  test(`${display}: from the button to the profile, and back again`, async () => {
    const email = `${name}@idp.example`;
    await app.say('person', { subject: String(1_000 + number), email, username: `${name}-person` });
    const page = await open();
    const urls = [];
    page.on('request', (request) => urls.push(request.url()));
    if (hasEmail) {
      await login(page, display);
      await atProfile(page, email);
      await out(page);
      // The same person again: the same user.
      await login(page, display);
      await atProfile(page, email);
    } else {
      // It tells no address: nobody is made a user by it, and a user may link it.
      await login(page, display);
      assert.equal(await alertOf(page), 'Email was not available.');
      await register(page, app.url, `user-of-${name}`);
      await through(page, `Link ${display}`);
      await page.getByLabel('Your password, to link the provider').fill(PASSWORD);
      await page.keyboard.press('Enter');
      await page.waitForURL('**/profile');
      await page.getByRole('button', { name: `Unlink: ${display}` }).waitFor();
      await out(page);
      await login(page, display);
      await atProfile(page, `user-of-${name}`);
    }
    await page.locator('#identities').getByText(display).waitFor();
    // What the provider has given goes to nobody's pages, and what we have given leaves the address bar.
    assert.ok(urls.some((url) => url.startsWith(`${app.url}/api/connect/${name}/callback?`)));
    assert.ok(urls.every((url) => !url.includes('provider-token')));
    assert.equal(page.url(), `${app.url}/pages/profile`);
    await out(page);
    // Who says no there is not signed in here.
    await app.say('denies', { denies: true });
    await login(page, display);
    assert.equal(await alertOf(page), 'The login was cancelled');
    await page.goto(`${app.url}/pages/profile`);
    await page.waitForURL('**/login');
    const faults = await app.say('denies', { denies: false });
    assert.deepEqual([faults, page.faults], [[], []]);
    await page.context().close();
  });
}
