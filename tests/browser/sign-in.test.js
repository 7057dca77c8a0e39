// The page of a deployed stack, before an issuer that this file plays: it asks for what RFC 6749 and 7636 say.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";

import { deposits } from "./files.js";
import { World } from "./world.js";

let world;
before(async () => {
  world = await World.start();
});
after(() => world.stop());

// An issuer of this stack's tokens at an address of the page's own site, whose policy lets it ask no other.
async function withIssuer(page) {
  const issuer = `${world.url}/issuer`;
  let asked;
  const json = (body) => ({ contentType: "application/json", body: JSON.stringify(body) });
  const found = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, end_session_endpoint: `${issuer}/logout` };
  await page.route("**/config.json", (route) => route.fulfill(json({ issuer, client_id: "page" })));
  await page.route("**/issuer/.well-known/openid-configuration", (route) => route.fulfill(json(found)));
  await page.route("**/issuer/authorize?*", (route) => {
    asked = new URL(route.request().url()).searchParams;
    const back = (said) => `${asked.get("redirect_uri")}?${new URLSearchParams({ ...said, state: asked.get("state") })}`;
    const links = `<a href="${back({ code: "once" })}">I am Ada</a> <a href="${back({ error: "access_denied" })}">Not me</a>`;
    return route.fulfill({ contentType: "text/html", body: links.replaceAll("&", "&amp;") });
  });
  await page.route("**/issuer/token", (route) => {
    const sent = new URLSearchParams(route.request().postData());
    const challenge = createHash("sha256").update(sent.get("code_verifier")).digest("base64url");
    const good = sent.get("code") === "once" && sent.get("client_id") === "page" && challenge === asked.get("code_challenge") && asked.get("code_challenge_method") === "S256";
    return route.fulfill(good ? json({ access_token: world.token, token_type: "Bearer" }) : { status: 400, ...json({ error: "invalid_grant" }) });
  });
  await page.route("**/issuer/logout?*", (route) => route.fulfill({ contentType: "text/html", body: "<h1>Goodbye</h1>" }));
}

async function signedOut() {
  const visit = await world.visit({ signedIn: false });
  await withIssuer(visit.page);
  await visit.page.reload();
  await visit.page.getByRole("heading", { name: "You are not signed in" }).waitFor();
  return visit;
}

test("who signs in at the issuer comes back with a token, works, and signs out", async () => {
  const visit = await signedOut();
  const { page } = visit;
  await visit.picture("sign-in");
  assert.deepEqual(await visit.hindrances(), []);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "I am Ada" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  assert.equal(page.url(), `${world.url}/`);
  await visit.add({ name: "signed-in.csv", text: deposits("BTC", 2) });
  await visit.says("signed-in.csv", "2 rows: 2 taken");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Goodbye" }).waitFor();
  await page.goto(world.url);
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  await visit.leave();
});

test("what the issuer refuses is said, and one may try again", async () => {
  const visit = await signedOut();
  await visit.page.getByRole("button", { name: "Sign in" }).click();
  await visit.page.getByRole("link", { name: "Not me" }).click();
  await visit.page.getByText("Signing in did not work: access_denied. Try again.").waitFor();
  await visit.page.getByRole("button", { name: "Sign in" }).waitFor();
  assert.equal(visit.page.url(), `${world.url}/`);
  await visit.leave();
});

test("neither a code from elsewhere nor a token in a link signs anybody in", async () => {
  const visit = await signedOut();
  await visit.page.goto(`${world.url}/?code=planted&state=planted`);
  await visit.page.getByText("Signing in did not work: this tab did not ask to sign in.").waitFor();
  await visit.page.goto("about:blank");
  await visit.page.goto(world.page);
  await visit.page.getByRole("button", { name: "Sign in" }).waitFor();
  await visit.leave();
});
