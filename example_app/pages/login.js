import { call, signIn } from '/pages/api.js';
import { complain, onSubmit, say } from '/pages/form.js';
import { button, providers } from '/pages/providers.js';

if (new URLSearchParams(location.search).has('confirmed')) say('Your address is confirmed.');

onSubmit(document.querySelector('#login'), async (fields) => {
  signIn(await call('POST', '/auth/local', fields));
  location.assign('/pages/profile');
});

const names = await providers();
document.querySelector('#providers').append(...names.map((name) => button(name, 'login', complain)));
document.querySelector('section').hidden = names.length === 0;
