// Where a provider's answer arrives: `/connect/{provider}/redirect?access_token=…`, or `?error=…`.

import { SignedOut, call, callAsMe, signIn } from '/pages/api.js';
import { complain, onSubmit } from '/pages/form.js';
import { departed, providers } from '/pages/providers.js';

// Anybody can make a link to here: nothing of its text is shown. Names of providers hold nothing to decode.
const FAILURES = new Map([
  ['access_denied', 'The login was cancelled'],
  ['state_mismatch', 'This sign-in was begun elsewhere, or took too long. Please begin again.'],
  ['oauth_error', 'The provider could not be asked. Please try again later.'],
]);
const UNKNOWN = 'Something went wrong. Please begin again.';

const provider = location.pathname.split('/')[2];
const answer = new URLSearchParams(location.search);
// Out of the address bar and the history.
history.replaceState(null, '', location.pathname);
const left = departed(provider);
const heading = document.querySelector('h1');

// What the provider is called, if it is one of those there are buttons for.
async function displayName() {
  if (left) return left.displayName;
  const known = await providers().catch(() => []);
  return known.find(({ name }) => name === provider)?.displayName ?? 'The provider';
}

async function fail(text) {
  heading.textContent = `${await displayName()} did not sign you in`;
  complain(text);
}

async function login(ticket, verifier) {
  const query = new URLSearchParams({ access_token: ticket, code_verifier: verifier });
  signIn(await call('GET', `/auth/${encodeURIComponent(provider)}/callback?${query}`));
  location.replace('/pages/profile');
}

async function link(ticket, verifier, proof) {
  await callAsMe('POST', '/auth/identities', { provider, access_token: ticket, code_verifier: verifier, ...proof });
  location.replace('/pages/profile');
}

// Whoever has a password is asked for it; the others are linked at once.
async function linkWithProof(ticket, verifier) {
  heading.textContent = `Link ${left.displayName}`;
  try {
    await link(ticket, verifier);
  } catch (error) {
    if (!error.fields?.has('currentPassword')) throw error;
    const form = document.querySelector('#prove');
    form.hidden = false;
    form.querySelector('input').focus();
    onSubmit(form, (fields) => link(ticket, verifier, fields));
  }
}

try {
  const ticket = answer.get('access_token');
  if (answer.has('error')) await fail(FAILURES.get(answer.get('error')) ?? UNKNOWN);
  // A ticket that this tab did not go for may be somebody else's, to have people sign in as them.
  else if (!ticket || !left) await fail('This sign-in was not begun here. Please begin again.');
  else if (left.purpose === 'link') await linkWithProof(ticket, left.verifier);
  else await login(ticket, left.verifier);
} catch (error) {
  await fail(error instanceof SignedOut ? 'You are not signed in any more.' : error.message);
}
