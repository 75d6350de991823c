// strapi-sdk-js: registration, confirmation and reset, with the mails of a real mail server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SMTPServer } from 'smtp-server';
import Strapi from 'strapi-sdk-js';
import { PASSWORD, apiError, assertJwt, assertUser, thrownBody } from './support.mjs';

const program = process.env.SDK_TEST_PROGRAM;
assert.ok(program, 'SDK_TEST_PROGRAM is not set; start the tests with tests/sdk/run');

const NEW_PASSWORD = 'An0ther!one';
/** What came in: `{to, raw}`. */
const mails = [];
let smtp;
let directory;
let app;
let url;

before(async () => {
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      let raw = '';
      stream.setEncoding('utf8');
      stream.on('data', (text) => (raw += text));
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw });
        done();
      });
    },
  });
  const listener = smtp.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  directory = await mkdtemp(join(tmpdir(), 'up-sdk-mails.'));
  await startApp(listener.address().port);
});

after(async () => {
  if (app?.exitCode === null) {
    app.kill();
    await once(app, 'exit');
  }
  await new Promise((closed) => smtp.close(closed));
  await rm(directory, { recursive: true, force: true });
});

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

/** Another process may take the port first: the app ends then, and is started on another one. */
async function startApp(smtpPort) {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    app = spawn(program, {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        PUBLIC_URL: url,
        DATABASE_URL: `sqlite://${directory}/app.db`,
        JWT_SECRET: 'a-secret-of-the-sdk-tests-only-0123456789',
        SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
        MAIL_FROM: 'Example <no-reply@example.com>',
        UP_ADVANCED_SETTINGS: JSON.stringify({
          email_confirmation: true,
          email_confirmation_redirection: 'https://app.example/confirmed',
          email_reset_password: 'https://app.example/reset',
        }),
        UP_ADMIN_EMAIL: 'admin@example.com',
        UP_ADMIN_PASSWORD: 'AdminPass1',
        UP_PASSWORD_POLICY: 'strapi',
        UP_BCRYPT_COST: '4',
        UP_RATELIMIT: '{"enabled":false}',
      },
    });
    const [said] = await Promise.race([once(app.stdout, 'data'), once(app, 'exit')]);
    if (String(said).startsWith('listening on ')) {
      app.stdout.resume();
      return;
    }
  }
  assert.fail('the app does not start');
}

const sdkJs = (token) =>
  new Strapi({
    url,
    axiosOptions: { headers: token ? { Authorization: `Bearer ${token}` } : {} },
  });

/** The HTML part of a mail, decoded. */
function html(raw) {
  const [, headers, body] = raw.match(/(Content-Type: text\/html[^]*?)\r\n\r\n([^]*?)\r\n--/i);
  const encoding = headers.match(/Content-Transfer-Encoding: (\S+)/i)?.[1].toLowerCase();
  if (encoding === 'base64') {
    return Buffer.from(body, 'base64').toString();
  }
  if (encoding !== 'quoted-printable') {
    return body;
  }
  const byte = (_, digits) => String.fromCharCode(Number.parseInt(digits, 16));
  return body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, byte);
}

/** The newest mail to an address, once there are so many. */
async function mailTo(address, count) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = mails.filter(({ to }) => to.includes(address));
    if (found.length >= count) {
      assert.equal(found.length, count);
      return found.at(-1).raw;
    }
    assert.ok(Date.now() < deadline, `${found.length} of ${count} mails to ${address}`);
    await new Promise((later) => setTimeout(later, 20));
  }
}

/** The address of the one link in a mail. */
function link(raw) {
  const links = [...html(raw).matchAll(/href="([^"]*)"/g)].map(([, target]) => target);
  assert.equal(links.length, 1, links.join());
  return new URL(links[0].replaceAll('&amp;', '&'));
}

const subject = (raw) => raw.match(/^Subject: (.*)\r$/m)[1];

test('strapi-sdk-js: from a registration to a new password, by the links in the mails', async () => {
  const email = 'jm_ann@example.com';
  const credentials = { identifier: 'jm_ann', password: PASSWORD };

  const registered = await sdkJs().register({ username: 'jm_ann', email, password: PASSWORD });
  assertUser(registered.user);
  assert.deepEqual([registered.user.confirmed, registered.jwt], [false, undefined]);
  const confirmation = await mailTo(email, 1);
  assert.equal(subject(confirmation), 'Account confirmation');
  assert.match(confirmation, /^From: "?Example"? <no-reply@example.com>\r$/m);
  const refused = apiError(400, 'ApplicationError', 'Your account email is not confirmed');
  assert.deepEqual(await thrownBody(sdkJs().login(credentials)), refused);

  // The link again: the older one opens nothing any more.
  const again = await sdkJs().sendEmailConfirmation({ email });
  assert.deepEqual(again, { email, sent: true });
  const target = link(await mailTo(email, 2));
  assert.equal(target.origin + target.pathname, `${url}/api/auth/email-confirmation`);
  const stale = await fetch(link(confirmation), { redirect: 'manual' });
  assert.equal(stale.status, 400);
  const confirmed = await fetch(target, { redirect: 'manual' });
  assert.equal(confirmed.status, 302);
  assert.equal(confirmed.headers.get('location'), 'https://app.example/confirmed');

  const signedIn = await sdkJs().login(credentials);
  assertJwt(signedIn.jwt);
  assert.equal(signedIn.user.confirmed, true);

  assert.deepEqual(await sdkJs().forgotPassword({ email }), { ok: true });
  const reset = await mailTo(email, 3);
  assert.equal(subject(reset), 'Reset password');
  const page = link(reset);
  assert.equal(page.origin + page.pathname, 'https://app.example/reset');
  const code = page.searchParams.get('code');
  const change = { code, password: NEW_PASSWORD, passwordConfirmation: NEW_PASSWORD };
  const changed = await sdkJs().resetPassword(change);
  assertJwt(changed.jwt);
  assertUser(changed.user);
  assert.equal(subject(await mailTo(email, 4)), 'Your password was changed');

  // The code is used up, the old password and the old token are no more.
  const used = await thrownBody(sdkJs().resetPassword(change));
  assert.equal(used.error.message, 'Incorrect code provided');
  const old = await thrownBody(sdkJs().login(credentials));
  assert.equal(old.error.message, 'Invalid identifier or password');
  const ended = await thrownBody(sdkJs(signedIn.jwt).request('get', '/users/me'));
  assert.equal(ended.error.status, 401);
  const { jwt } = await sdkJs().login({ ...credentials, password: NEW_PASSWORD });
  assert.equal((await sdkJs(jwt).fetchUser()).username, 'jm_ann');
});

test('strapi-sdk-js: nobody is mailed whom nobody knows, and the answer is the same', async () => {
  const email = 'jm_nobody@example.com';
  assert.deepEqual(await sdkJs().forgotPassword({ email }), { ok: true });
  assert.deepEqual(await sdkJs().sendEmailConfirmation({ email }), { email, sent: true });
  // Whoever registers later is mailed later.
  await sdkJs().register({ username: 'jm_bob', email: 'jm_bob@example.com', password: PASSWORD });
  await mailTo('jm_bob@example.com', 1);
  assert.deepEqual(mails.filter(({ to }) => to.includes(email)), []);
});
