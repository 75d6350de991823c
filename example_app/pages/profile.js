import { SignedOut, callAsMe, forget } from '/pages/api.js';
import { complain, say } from '/pages/form.js';
import { button, nameOf, providers } from '/pages/providers.js';

const at = (selector) => document.querySelector(selector);
const time = (text) => new Date(text).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });

// Runs what a page or a button does; whoever is signed out is shown the way in.
async function attempt(action) {
  try {
    await action();
  } catch (error) {
    if (error instanceof SignedOut || error.status === 401) leave();
    else complain(error.message);
  }
}

function leave() {
  forget();
  location.replace('/pages/login');
}

// A line with a text, a note below it, and what can be done about it.
function line(text, note, label, action) {
  const item = document.createElement('li');
  const words = document.createElement('span');
  const small = document.createElement('small');
  small.textContent = note;
  words.append(text, small);
  item.append(words);
  if (label) {
    const press = document.createElement('button');
    press.textContent = label;
    press.setAttribute('aria-label', `${label}: ${text}`);
    press.addEventListener('click', () => attempt(action));
    item.append(press);
  }
  return item;
}

async function showMe() {
  const me = await callAsMe('GET', '/users/me');
  const shown = { 'User name': me.username, 'E-mail': me.email, 'Since': time(me.createdAt) };
  at('#me').replaceChildren(...Object.entries(shown).flatMap(([name, value]) => {
    const [term, text] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    text.textContent = value;
    return [term, text];
  }));
}

async function showIdentities() {
  const [{ data }, known] = await Promise.all([callAsMe('GET', '/auth/identities'), providers()]);
  at('#identities').replaceChildren(...data.map((one) => line(nameOf(one.provider, known), one.email ?? '', 'Unlink', async () => {
    await callAsMe('DELETE', `/auth/identities/${one.id}`);
    await showIdentities();
    done(`${nameOf(one.provider, known)} is unlinked.`, '#ways');
  })));
  const linked = new Set(data.map((one) => one.provider));
  const others = known.filter(({ name }) => !linked.has(name));
  at('#providers').replaceChildren(...others.map((other) => button(other, 'link', complain)));
}

async function showSessions() {
  let sessions;
  try {
    sessions = (await callAsMe('GET', '/auth/sessions')).data;
  } catch (error) {
    if (error.status !== 404) throw error;
  }
  at('#unkept').hidden = sessions !== undefined;
  at('#everywhere').hidden = sessions === undefined;
  at('#sessions').replaceChildren(...(sessions ?? []).map((one) => {
    const name = one.deviceName ?? 'An unknown device';
    if (one.current) return line(name, 'here, now');
    return line(name, `last seen ${time(one.lastActiveAt)}`, 'Sign out', async () => {
      await callAsMe('DELETE', `/auth/sessions/${one.id}`);
      await showSessions();
      done(`${name} is signed out.`, '#places');
    });
  }));
}

// The button that was pressed is gone: the focus goes to the heading of its list.
function done(text, heading) {
  say(text);
  at(heading).tabIndex = -1;
  at(heading).focus();
}

function signOut(body) {
  return attempt(async () => {
    try {
      await callAsMe('POST', '/auth/logout', body);
    } catch (error) {
      // Without sessions there is nothing to end but the token this tab has.
      if (error.status !== 404) throw error;
    }
    leave();
  });
}

at('#out').addEventListener('click', () => signOut({}));
at('#everywhere').addEventListener('click', () => signOut({ scope: 'all' }));
await attempt(async () => {
  await showMe();
  await Promise.all([showIdentities(), showSessions()]);
});
