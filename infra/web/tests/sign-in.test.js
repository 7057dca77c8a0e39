import assert from "node:assert/strict";
import { test } from "node:test";

import { SignInTrouble, challengeOf, comeBack, configuration, leave, leaveForGood } from "../sign-in.js";

const ISSUER = "https://id.example/realms/one";
const CONFIG = { issuer: ISSUER, client: "page" };
const FOUND = {
  issuer: ISSUER,
  authorization_endpoint: "https://id.example/authorize?realm=one",
  token_endpoint: "https://id.example/token",
  end_session_endpoint: "https://id.example/logout",
};

// A tab at an address, whose network gives these answers: a body, or [status, body].
function tab(search, answers = {}, kept = new Map()) {
  const went = [];
  const asked = [];
  const shown = [];
  const all = { [`${ISSUER}/.well-known/openid-configuration`]: FOUND, ...answers };
  return {
    went,
    asked,
    shown,
    kept,
    crypto: globalThis.crypto,
    location: { origin: "https://page.example", pathname: "/", search, assign: (url) => went.push(new URL(url)) },
    history: { replaceState: (_state, _title, url) => shown.push(url) },
    sessionStorage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => kept.set(name, value),
      removeItem: (name) => kept.delete(name),
    },
    fetch: async (url, options) => {
      asked.push({ url, ...options });
      const answer = all[url];
      if (answer === undefined) throw new TypeError("no connection");
      const [status, body] = Array.isArray(answer) ? answer : [200, answer];
      return new Response(JSON.stringify(body), { status });
    },
  };
}

// A tab that has left for the issuer and comes back with what `says` makes of the state it left with.
async function back(says, answers) {
  const left = tab("");
  await leave(CONFIG, left);
  const { state } = JSON.parse([...left.kept.values()][0]);
  const again = tab(`?${new URLSearchParams(says(state))}`, answers, left.kept);
  return { left, again };
}

test("the challenge is the one of RFC 7636, appendix B", async () => {
  assert.equal(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
});

test("who signs in goes to the issuer with a challenge, and its verifier stays here", async () => {
  const env = tab("");
  await leave({ ...CONFIG, audience: "millrace" }, env);
  const [url] = env.went;
  const { state, verifier } = JSON.parse([...env.kept.values()][0]);
  assert.equal(url.origin + url.pathname, "https://id.example/authorize");
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    realm: "one",
    response_type: "code",
    client_id: "page",
    redirect_uri: "https://page.example/",
    scope: "openid",
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
    audience: "millrace",
  });
  assert.match(verifier, /^[\w-]{43}$/);
  assert.match(state, /^[\w-]{43}$/);
  const other = tab("");
  await leave(CONFIG, other);
  assert.notEqual(JSON.parse([...other.kept.values()][0]).verifier, verifier);
});

test("who comes back with a code gets a token for it, and the address is clean", async () => {
  const { left, again } = await back((state) => ({ code: "once", state, iss: ISSUER }), { [FOUND.token_endpoint]: { access_token: "a.b.c" } });
  assert.equal(await comeBack(CONFIG, again), "a.b.c");
  const { url, method, body } = again.asked.at(-1);
  assert.deepEqual([url, method], [FOUND.token_endpoint, "POST"]);
  const sent = Object.fromEntries(body);
  const challenge = left.went[0].searchParams.get("code_challenge");
  assert.equal(await challengeOf(sent.code_verifier), challenge);
  delete sent.code_verifier;
  assert.deepEqual(sent, { grant_type: "authorization_code", code: "once", redirect_uri: "https://page.example/", client_id: "page" });
  assert.deepEqual(again.shown, ["/"]);
  assert.equal(again.kept.size, 0);
});

test("a code that this tab did not ask for is not used", async () => {
  const strange = tab("?code=planted&state=planted");
  await assert.rejects(comeBack(CONFIG, strange), SignInTrouble);
  const { again } = await back(() => ({ code: "planted", state: "planted" }));
  await assert.rejects(comeBack(CONFIG, again), /did not ask/);
  assert.deepEqual([again.asked, again.kept.size], [[], 0]);
});

test("what the issuer says against it is said, and another issuer is none", async () => {
  const refused = await back((state) => ({ error: "access_denied", error_description: "Not you", state }));
  await assert.rejects(comeBack(CONFIG, refused.again), /Not you/);
  const mixed = await back((state) => ({ code: "once", state, iss: "https://evil.example" }));
  await assert.rejects(comeBack(CONFIG, mixed.again), /another issuer/);
  const used = await back((state) => ({ code: "used", state }), { [FOUND.token_endpoint]: [400, { error: "invalid_grant" }] });
  await assert.rejects(comeBack(CONFIG, used.again), /invalid_grant/);
  const empty = await back((state) => ({ code: "once", state }), { [FOUND.token_endpoint]: {} });
  await assert.rejects(comeBack(CONFIG, empty.again), /no token/);
  const other = tab("", { [`${ISSUER}/.well-known/openid-configuration`]: { ...FOUND, issuer: "https://evil.example" } });
  await assert.rejects(leave(CONFIG, other), /another issuer/);
});

test("an address without an answer of the issuer's changes nothing", async () => {
  for (const search of ["", "?a=b", "?code=x", "?state=x"]) {
    const env = tab(search);
    assert.equal(await comeBack(CONFIG, env), null);
    assert.deepEqual(env.shown, []);
  }
});

test("the configuration names an issuer and a client, or nobody signs in there", async () => {
  const read = (body) => configuration(tab("", { "config.json": body }));
  assert.deepEqual(await read({ issuer: ISSUER, client_id: "page", audience: "a" }), { issuer: ISSUER, client: "page", audience: "a" });
  assert.equal(await read({}), null);
  await assert.rejects(read({ issuer: ISSUER, client_id: "" }), /PageClientId/);
  await assert.rejects(read([500, {}]), SignInTrouble);
});

test("signing out ends the issuer's session where there is an address for it", async () => {
  const env = tab("");
  await leaveForGood(CONFIG, env);
  assert.equal(env.went[0].href, "https://id.example/logout?client_id=page&logout_uri=https%3A%2F%2Fpage.example%2F&post_logout_redirect_uri=https%3A%2F%2Fpage.example%2F");
  const without = tab("", { [`${ISSUER}/.well-known/openid-configuration`]: { ...FOUND, end_session_endpoint: undefined } });
  await leaveForGood(CONFIG, without);
  assert.equal(without.went[0].href, "https://page.example/");
});
