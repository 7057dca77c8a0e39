// The files a ledger's results come as.

import { sentence } from "./words.js";
import { download } from "./rejects.js";

export function showResults(ledger) {
  const said = document.getElementById("results-said");
  for (const button of document.querySelectorAll("[data-export]")) {
    button.onclick = async () => {
      said.textContent = `${button.dataset.export} is being written`;
      try {
        await download(`/v1/ledgers/${encodeURIComponent(ledger())}/exports/${button.dataset.export}`);
        said.textContent = "";
      } catch (error) {
        said.textContent = sentence(error);
      }
    };
  }
}
