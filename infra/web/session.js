// Who is signed in: the token every request to the API carries. It comes from the issuer (`sign-in.js`), or, on
// one's own machine, from the address that `millrace dev` prints: behind the `#`, which no server is sent.
//
// It is kept for as long as the tab is open (sessionStorage): a reload stays signed in, and another program
// that listens on this port another day finds nothing.

const KEPT = "millrace-token";

// Signs in.
export function keep(token, { sessionStorage } = globalThis) {
  sessionStorage.setItem(KEPT, token);
}

// Signs out.
export function forget({ sessionStorage } = globalThis) {
  sessionStorage.removeItem(KEPT);
}

// Takes a token out of the address, so that it is in no bookmark, history or picture of the screen. Whether
// there was one.
export function takeFromAddress({ location, history, sessionStorage } = globalThis) {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return false;
  keep(token, { sessionStorage });
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

// The token; null when nobody is signed in.
export function token({ sessionStorage } = globalThis) {
  return sessionStorage.getItem(KEPT);
}

// Whom to tell that the API does not take the token, or not any more.
const refusals = new EventTarget();

export function refused() {
  refusals.dispatchEvent(new Event("refused"));
}

export function onRefused(listener) {
  refusals.addEventListener("refused", listener);
}
