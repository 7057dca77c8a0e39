// Says something to who does not see the page: one polite live region, one sentence after another.

// Sentences that come in the same moment are said together; the second would cut the first off.
const TOGETHER_MS = 150;

let waiting = [];

export function tell(words) {
  if (waiting.length === 0) setTimeout(speak, TOGETHER_MS);
  waiting.push(words);
}

function speak() {
  document.getElementById("live").textContent = waiting.join(". ");
  waiting = [];
}
