// Addresses of the page and the way between them. The address says all about
// where one is, so that it can be kept, shared and gone back to.

const ROUTES = [
  ['approvals', /^\/(?:approvals)?$/],
  ['approval', /^\/a\/([^/]+)$/],
  ['executions', /^\/executions$/],
  ['execution', /^\/executions\/([^/]+)$/],
  ['overview', /^\/overview$/],
  ['audit', /^\/audit$/],
  ['record', /^\/audit\/([0-9]+)$/],
  ['sandboxes', /^\/sandboxes$/],
  ['policy', /^\/policy$/],
  ['standing', /^\/standing$/],
  ['report', /^\/report$/],
];

const listeners = new Set();

/**
 * What an address means.
 * @param {string} path
 * @param {string} search With its "?".
 * @returns {{name: string, id: string, query: Object<string, string>}} The
 *     name is "missing" if there is no such page.
 */
export function routeOf(path, search) {
  const query = Object.fromEntries(new URLSearchParams(search));
  for (const [name, pattern] of ROUTES) {
    const match = pattern.exec(path);
    if (match !== null) return { name, id: decoded(match[1] || ''), query };
  }
  return { name: 'missing', id: '', query };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where one is. */
export function currentRoute() {
  return routeOf(window.location.pathname, window.location.search);
}

/**
 * Goes somewhere.
 * @param {string} address Path with its query.
 * @param {{replace?: boolean}} options `replace` leaves no way back to here.
 */
export function go(address, options = {}) {
  if (options.replace) window.history.replaceState(null, '', address);
  else window.history.pushState(null, '', address);
  if (!options.replace) window.scrollTo(0, 0);
  tell();
}

function tell() {
  for (const listener of [...listeners]) listener();
}

/**
 * Calls `listener` whenever the address has changed, until the returned
 * function is called.
 * @param {() => void} listener
 */
export function onRoute(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * The address of a page with a query; empty values are left out.
 * @param {string} path
 * @param {Object<string, string | undefined>} query
 */
export function addressOf(path, query) {
  const set = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(set).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Makes links within the page change it instead of loading it anew. */
export function followLinks() {
  window.addEventListener('popstate', tell);
  document.addEventListener('click', (event) => {
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = event.target.closest('a[href]');
    if (!plain || event.defaultPrevented || link === null) return;
    const url = new URL(link.href);
    if (url.origin !== window.location.origin || link.hasAttribute('download')) return;
    if (url.pathname.startsWith('/api/') || link.getAttribute('href').startsWith('#')) return;
    event.preventDefault();
    go(url.pathname + url.search);
  });
}
