// What the page asks the server for. Every failure is an Error whose message can be shown.

export class NeedsToken extends Error {}

let token = decodeURIComponent(location.hash.slice(1)) || sessionStorage.getItem("token") || "";
if (location.hash) history.replaceState(null, "", location.pathname); // not into bookmarks
useToken(token);

export function useToken(text) {
  token = text;
  if (token) sessionStorage.setItem("token", token);
}

async function ask(path, settings = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let answer;
  try {
    answer = await fetch(path, { ...settings, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer: is it still running?");
  }
  if (answer.ok) return answer.json();
  if (answer.status === 503 && !answer.headers.get("content-type")?.includes("json"))
    throw new Error("Too many ask the server at once: try again in a moment.");
  const told = (await answer.json().catch(() => ({}))).detail ?? `status ${answer.status}`;
  throw answer.status === 401 ? new NeedsToken(told) : new Error(told);
}

export const models = () => ask("models");
export const samples = () => ask("samples");

export function predict(blob, name, { model, whole = false, signal } = {}) {
  const form = new FormData();
  form.append("pictures", blob, name);
  const query = new URLSearchParams({ whole });
  if (model) query.set("model", model);
  return ask(`predict?${query}`, { method: "POST", body: form, signal }).then((all) => all.pictures[0]);
}
