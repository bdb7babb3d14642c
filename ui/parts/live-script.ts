/**
 * The only script. It hears from the server that something has changed, reads the page anew and puts in what is new; without it, the page
 * is as it was read. What somebody is typing in or has the focus on is left alone.
 */
export const liveScript = `'use strict';
(() => {
  const main = document.querySelector('[data-live]');
  if (main === null || typeof EventSource === 'undefined') return;
  const state = () => document.getElementById('live-state');
  let reading = false;
  let again = false;
  const busy = () => {
    const focused = document.activeElement;
    return focused !== null && focused.closest('form') !== null && main.contains(focused);
  };
  const read = async () => {
    if (reading) { again = true; return; }
    if (busy() || document.hidden) { again = true; return; }
    reading = true;
    again = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'error' });
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-live]');
      if (next === null || busy()) return;
      const links = (of) => [...of.querySelectorAll('a, .wide, summary')];
      const at = links(main).indexOf(document.activeElement);
      const scrolled = [...main.querySelectorAll('.wide')].map((each) => each.scrollLeft);
      main.replaceChildren(...next.childNodes);
      [...main.querySelectorAll('.wide')].forEach((each, n) => { each.scrollLeft = scrolled[n] ?? 0; });
      if (at >= 0) links(main)[at]?.focus({ preventScroll: true });
      said('Live.');
    } catch {
      said('The page cannot be read anew now.');
    } finally {
      reading = false;
    }
  };
  const said = (text) => { const element = state(); if (element !== null && element.textContent !== text) element.textContent = text; };
  const source = new EventSource('/live');
  source.addEventListener('open', () => said('Live.'));
  source.addEventListener('changed', read);
  source.addEventListener('error', () => said('Not live: the server does not answer.'));
  document.addEventListener('visibilitychange', () => { if (!document.hidden && again) read(); });
  document.addEventListener('focusout', () => setTimeout(() => { if (again) read(); }, 200));
})();
`;
