import { call, signIn } from '/pages/api.js';
import { complain, onSubmit, say } from '/pages/form.js';
import { button, providers } from '/pages/providers.js';

if (new URLSearchParams(location.search).has('confirmed')) say('Your address is confirmed.');

onSubmit(document.querySelector('#login'), async (fields) => {
  signIn(await call('POST', '/auth/local', fields));
  location.assign('/pages/profile');
});

const known = await providers();
document.querySelector('#providers').append(...known.map((one) => button(one, 'login', complain)));
document.querySelector('section').hidden = known.length === 0;
