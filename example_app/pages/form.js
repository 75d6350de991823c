// What the pages' forms have in common: one sending at a time, and errors that are announced and found.

/** Says what went wrong; screen readers read it out. */
export function complain(text) {
  say('');
  document.querySelector('#error').textContent = text;
}

/** Says what went well. */
export function say(text) {
  document.querySelector('#error').textContent = '';
  document.querySelector('#status').textContent = text;
}

/** Sends a form by `send(fields)`. */
export function onSubmit(form, send) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    say('');
    unmark(form);
    const empty = [...form.elements].filter((field) => field.required && !field.value);
    if (empty.length > 0) {
      refuse(form, 'Something is missing.', new Map(empty.map((field) => [field.name, 'Please fill this in.'])));
      return;
    }
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      await send(Object.fromEntries(new FormData(form)));
    } catch (error) {
      refuse(form, error.message, error.fields ?? new Map());
    } finally {
      button.disabled = false;
    }
  });
}

function refuse(form, text, fields) {
  complain(text);
  for (const [name, fault] of fields) {
    const field = form.elements[name];
    if (!field) continue;
    const note = document.createElement('span');
    note.id = `${field.id}-fault`;
    note.className = 'fault';
    note.textContent = fault;
    field.after(note);
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', note.id);
  }
  (form.querySelector('[aria-invalid]') ?? form.querySelector('input')).focus();
}

function unmark(form) {
  for (const note of form.querySelectorAll('.fault')) note.remove();
  for (const field of form.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
}
