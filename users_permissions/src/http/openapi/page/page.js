// Reads the description, after a sign-in where it needs one, and hands it to Swagger UI.
"use strict";

// This file is `…/docs/page.js`: the API is one level up, whatever scope it lives in.
const api = new URL("..", document.currentScript.src);
const form = document.getElementById("sign-in");
const message = document.getElementById("message");
// Kept nowhere else: a reload signs out.
let token = null;

async function load() {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(new URL("openapi.json", api), { headers, cache: "no-store" });
  if (answer.ok) {
    show(await answer.json());
  } else {
    ask(token === null
      ? "Sign in to read the description of this API."
      : "You may not read the description of this API.");
  }
}

function ask(text) {
  message.textContent = text;
  form.hidden = false;
}

function show(spec) {
  form.remove();
  document.title = spec.info.title;
  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#api",
    deepLinking: true,
    // Asks no server elsewhere.
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    onComplete() {
      if (token !== null) {
        ui.preauthorizeApiKey("bearer", token);
      }
    },
  });
}

async function signIn() {
  const answer = await fetch(new URL("auth/local", api), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(Object.fromEntries(new FormData(form))),
  });
  const body = await answer.json();
  if (answer.ok) {
    token = body.jwt;
    await load();
  } else {
    ask(body.error.message);
  }
}

function guarded(step) {
  step().catch(() => ask("The server cannot be reached."));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  guarded(signIn);
});
guarded(load);
