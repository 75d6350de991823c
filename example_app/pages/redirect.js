// Where a provider's answer arrives: `/connect/{provider}/redirect?access_token=…`, or `?error=…`.

import { SignedOut, call, callAsMe, signIn } from '/pages/api.js';
import { complain, onSubmit } from '/pages/form.js';
import { departed, nameOf } from '/pages/providers.js';

const provider = decodeURIComponent(location.pathname.split('/')[2]);
const answer = new URLSearchParams(location.search);
// Out of the address bar and the history.
history.replaceState(null, '', location.pathname);
const left = departed(provider);
const displayName = left?.displayName ?? nameOf(provider);
const heading = document.querySelector('h1');

function fail(text) {
  heading.textContent = `${displayName} did not sign you in`;
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
  heading.textContent = `Link ${displayName}`;
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
  if (answer.has('error')) fail(answer.get('error_description') ?? answer.get('error'));
  // A ticket that this tab did not go for may be somebody else's, to have people sign in as them.
  else if (!ticket || !left) fail('This sign-in was not begun here. Please begin again.');
  else if (left.purpose === 'link') await linkWithProof(ticket, left.verifier);
  else await login(ticket, left.verifier);
} catch (error) {
  fail(error instanceof SignedOut ? 'You are not signed in any more.' : error.message);
}
