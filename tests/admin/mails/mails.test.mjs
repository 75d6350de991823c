// What administrators do about mails, with a mail server at the other end.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PASSWORD, api, asAdmin, close, createUser, go, login, send, signedIn } from '../support.mjs';
import { eventually, startSmtp } from './smtp.mjs';

let smtp;
before(async () => {
  smtp = await startSmtp(Number(process.env.ADMIN_TEST_SMTP));
});
after(async () => {
  smtp?.stop();
  await close();
});

const listed = async (state, to) => {
  const { json } = await asAdmin('GET', `/users-permissions/outbox?state=${state}&limit=100`);
  return json.mails.find((mail) => mail.to === to);
};
const mailTo = (to, words) => smtp.mails.find((mail) => mail.to === to && words.test(mail.text));

test('a mail that was given up is sent again from the outbox', async () => {
  const user = await createUser('mail-lost');
  smtp.refuses = true;
  assert.equal((await api('POST', '/auth/forgot-password', { email: user.email })).status, 200);
  await eventually('the mail is given up', () => listed('dead', user.email));
  assert.equal(smtp.mails.some((mail) => mail.to === user.email), false);
  const page = await signedIn();
  await send(page, 'nav a:has-text("Outbox")');
  await page.selectOption('#state', 'dead');
  await send(page, 'button:has-text("Apply")');
  const row = page.locator('tbody tr', { hasText: user.email });
  assert.match(await row.textContent(), /given up/);
  assert.match(await row.textContent(), /550/);
  smtp.refuses = false;
  await send(page, row.locator('button:has-text("Retry")'));
  assert.match(await page.textContent('.flash.good'), /waits to be sent again/);
  const mail = await eventually('the mail', () => mailTo(user.email, /code=/));
  await eventually('the API calls it sent', () => listed('sent', user.email));
  assert.equal(await listed('dead', user.email), undefined);
  // It is the mail that was lost: its code is of use.
  const [, code] = /code=([0-9a-f]+)/.exec(mail.text);
  const password = 'Changed1!';
  const reset = await api('POST', '/auth/reset-password', { code, password, passwordConfirmation: password });
  assert.equal(reset.status, 200, reset.text);
  assert.ok(await login(user.username, password));
  await go(page, '/outbox?state=dead');
  assert.doesNotMatch(await page.textContent('main'), /mail-lost/);
  assert.deepEqual(page.faults, []);
});

test('the confirmation link is mailed again', async () => {
  const settings = (on) => asAdmin('PUT', '/users-permissions/advanced', { email_confirmation: on });
  assert.equal((await settings(true)).status, 200);
  try {
    const name = 'mail-late', email = `${name}@example.com`;
    const answer = await api('POST', '/auth/local/register', { username: name, email, password: PASSWORD });
    assert.equal(answer.status, 200, answer.text);
    await eventually('the first link', () => mailTo(email, /confirmation=/));
    smtp.mails.length = 0; // and is lost
    assert.equal(await login(name), undefined, 'unproven');
    const page = await signedIn();
    await go(page, '/users?q=mail-late');
    await send(page, 'tbody a:has-text("mail-late")');
    await send(page, 'button:has-text("Mail the confirmation link")');
    assert.match(await page.textContent('.flash.good'), /is on its way/);
    const mail = await eventually('another link', () => mailTo(email, /confirmation=/));
    const [, code] = /confirmation=([0-9a-f]+)/.exec(mail.text);
    await api('GET', `/auth/email-confirmation?confirmation=${code}`);
    assert.ok(await login(name), 'proven');
    // Who has nothing to prove any more is mailed nothing.
    await page.reload();
    assert.equal(await page.locator('button:has-text("Mail the confirmation link")').count(), 0);
    assert.deepEqual(page.faults, []);
  } finally {
    await settings(false);
  }
});

// The link of a mail chooses a password.
async function chosen(mail, name) {
  const [, code] = /code=([0-9a-f]+)/.exec(mail.text);
  const password = 'Chosen1!';
  const reset = await api('POST', '/auth/reset-password', { code, password, passwordConfirmation: password });
  assert.equal(reset.status, 200, reset.text);
  assert.ok(await login(name, password));
  const again = await api('POST', '/auth/reset-password', { code, password, passwordConfirmation: password });
  assert.equal(again.status, 400, 'once');
}

test('somebody is invited without a password, and chooses one by the mailed link', async () => {
  const page = await signedIn();
  await send(page, 'nav a:has-text("Users")');
  await send(page, 'a:has-text("New user")');
  await page.fill('#username', 'mail-invited');
  await page.fill('#email', 'mail-invited@example.com');
  await send(page, '.savebar button');
  assert.match(await page.textContent('.flash.good'), /mail-invited was created; a link to choose a password is on its way/);
  assert.equal((await asAdmin('GET', '/users?filters[username]=mail-invited')).json.length, 1);
  for (const password of ['', PASSWORD]) assert.equal(await login('mail-invited', password), undefined);
  await chosen(await eventually('the invitation', () => mailTo('mail-invited@example.com', /code=/)), 'mail-invited');
  assert.deepEqual(page.faults, []);
});

test('a link to choose a password is mailed to a user', async () => {
  const user = await createUser('mail-forgetful');
  const page = await signedIn();
  await go(page, `/users/${user.id}`);
  await send(page, 'button:has-text("Mail a password link")');
  assert.match(await page.textContent('.flash.good'), /A link to choose a password is on its way/);
  assert.ok(await login(user.username), 'the old one counts until then');
  await chosen(await eventually('the link', () => mailTo(user.email, /code=/)), user.username);
  assert.equal(await login(user.username), undefined);
  assert.deepEqual(page.faults, []);
});

test('a template is previewed and tried out, and the mail is what was seen', async () => {
  const page = await signedIn();
  await send(page, 'nav a:has-text("E-mail templates")');
  await send(page, 'main a:has-text("Reset password")');
  const frame = page.frameLocator('iframe[name=preview]');
  await page.fill('#object', 'For <%= USER.username %>');
  await page.fill('#message', '<p>Dear <%= USER.username %>, <b>here</b>: <%= URL %>?code=<%= CODE %></p>');
  await frame.locator('p:has-text("Dear Ann <Example>, here: ")').waitFor();
  await frame.locator('text=Subject: For Ann <Example>').waitFor();
  // Before it is saved, a test is by what is stored.
  page.on('dialog', (dialog) => dialog.accept());
  await send(page, '.savebar button');
  await page.waitForSelector('.flash.good');
  const { json } = await asAdmin('GET', '/users-permissions/email-templates');
  assert.equal(json.reset_password.options.object, 'For <%= USER.username %>');
  smtp.mails.length = 0;
  await send(page, 'button:has-text("Send a test to me")');
  assert.match(await page.textContent('.flash.good'), /on its way to admin@example\.com/);
  const mail = await eventually('the test', () => mailTo('admin@example.com', /Dear admin, <b>here<\/b>: /));
  assert.match(mail.text, /Dear admin, here: /, 'the text part');
  // The code of a test opens nothing.
  const [, code] = /code=([\w-]+)/.exec(mail.text);
  const reset = await api('POST', '/auth/reset-password', { code, password: PASSWORD, passwordConfirmation: PASSWORD });
  assert.equal(reset.status, 400);
  assert.deepEqual(page.faults, []);
});
