// Signing in where the stack says (config.json): OAuth 2.0's code flow with PKCE (RFC 6749, 7636) at an OpenID
// issuer, whose addresses its discovery document tells. The page has no secret: who comes back with a code
// must have left from this tab.

// What is kept between leaving and coming back.
const LEFT = "millrace-signing-in";

// The issuer did not sign anybody in, or not as it was asked; the message is for people.
export class SignInTrouble extends Error {}

// How people sign in here: {issuer, client_id, audience?}; null on one's own machine, where the command prints
// an address with a token.
export async function configuration({ fetch } = globalThis) {
  const { issuer, client_id: client, audience } = await readJson(fetch, "config.json");
  if (!issuer) return null;
  if (!client) throw new SignInTrouble("the stack was deployed without the page's client (PageClientId)");
  return { issuer, client, audience };
}

async function readJson(fetch, url, options) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    throw new SignInTrouble(`${new URL(url, "http://page").host} cannot be reached`, { cause: error });
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null && typeof body === "object") return body;
  throw new SignInTrouble(body?.error_description || body?.error || `the answer was ${response.status}`);
}

// The issuer's addresses. A document that names another issuer is not this one's (OpenID Connect Discovery 4.3).
async function discover(issuer, { fetch }) {
  const found = await readJson(fetch, `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  if (found.issuer !== issuer) throw new SignInTrouble("another issuer answered than the one that was asked");
  return found;
}

function text(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function secret(crypto) {
  return text(crypto.getRandomValues(new Uint8Array(32)));
}

// The challenge that goes out ahead of a verifier (RFC 7636, section 4.2, S256).
export async function challengeOf(verifier, { crypto } = globalThis) {
  return text(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

// The page's own address, which the issuer sends people back to.
function home({ origin, pathname }) {
  return origin + pathname;
}

// Leaves for the issuer.
export async function leave({ issuer, client, audience }, env = globalThis) {
  const { authorization_endpoint: address } = await discover(issuer, env);
  const [state, verifier] = [secret(env.crypto), secret(env.crypto)];
  env.sessionStorage.setItem(LEFT, JSON.stringify({ state, verifier }));
  const asked = new URL(address);
  const parameters = {
    response_type: "code",
    client_id: client,
    redirect_uri: home(env.location),
    scope: "openid",
    state,
    code_challenge: await challengeOf(verifier, env),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) asked.searchParams.set(name, value);
  // Some issuers must be told which API the token is for.
  if (audience) asked.searchParams.set("audience", audience);
  env.location.assign(asked.href);
}

// Comes back from the issuer: answers the token, or null when nobody comes from there. What the address said
// is taken out of it, whatever becomes of it.
export async function comeBack({ issuer, client }, env = globalThis) {
  const said = new URLSearchParams(env.location.search);
  if (!said.has("state") || !(said.has("code") || said.has("error"))) return null;
  env.history.replaceState(null, "", env.location.pathname);
  const left = JSON.parse(env.sessionStorage.getItem(LEFT) ?? "null");
  env.sessionStorage.removeItem(LEFT);
  // Somebody else's code, which would sign this tab in as somebody else.
  if (left === null || said.get("state") !== left.state) throw new SignInTrouble("this tab did not ask to sign in");
  if (said.has("iss") && said.get("iss") !== issuer) throw new SignInTrouble("another issuer answered than the one that was asked");
  if (said.has("error")) throw new SignInTrouble(said.get("error_description") || said.get("error"));
  const { token_endpoint: address } = await discover(issuer, env);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code: said.get("code"),
    redirect_uri: home(env.location),
    client_id: client,
    code_verifier: left.verifier,
  });
  const answer = await readJson(env.fetch, address, { method: "POST", body });
  if (typeof answer.access_token !== "string" || answer.access_token === "") throw new SignInTrouble("the issuer gave no token");
  return answer.access_token;
}

// Ends the issuer's own session, too, where it can be asked to: else the next one to sign in would be the same.
export async function leaveForGood({ issuer, client }, env = globalThis) {
  const { end_session_endpoint: address } = await discover(issuer, env).catch(() => ({}));
  if (!address) return env.location.assign(home(env.location));
  const asked = new URL(address);
  asked.searchParams.set("client_id", client);
  // Cognito's name for it, and the standard's.
  for (const name of ["logout_uri", "post_logout_redirect_uri"]) asked.searchParams.set(name, home(env.location));
  env.location.assign(asked.href);
}
