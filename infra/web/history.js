// The jobs this browser began, newest first, kept from one visit to the next.

const KEY = "millrace.jobs";
const MOST = 50;

// {id, name} of each.
export function jobs() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((job) => typeof job?.id === "string").slice(0, MOST) : [];
  } catch {
    // Storage that is barred or was tampered with: a page without a memory still works.
    return [];
  }
}

export function remember(id, name) {
  keep([{ id, name }, ...jobs().filter((job) => job.id !== id)]);
}

export function forget(id) {
  keep(jobs().filter((job) => job.id !== id));
}

function keep(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list.slice(0, MOST)));
  } catch {
    // As above: a page without a memory still works.
  }
}
