// The hash chain of the audit, checked in this browser.

const DOMAIN = 'airlock.audit.v1\0';

/**
 * The hash of sealed bytes, hexadecimal; null where the browser offers no
 * hashes, as on a page without TLS that is not on this machine.
 * @param {string} record Base64 of the bytes.
 * @returns {Promise<string | null>}
 */
export async function hashOf(record) {
  if (!window.crypto?.subtle) return null;
  const domain = new TextEncoder().encode(DOMAIN);
  const bytes = Uint8Array.from(atob(record), (character) => character.charCodeAt(0));
  const all = new Uint8Array(domain.length + bytes.length);
  all.set(domain);
  all.set(bytes, domain.length);
  const digest = new Uint8Array(await window.crypto.subtle.digest('SHA-256', all));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The lines of an export that are records; checkpoints are left out.
 * @param {string} text NDJSON.
 */
export function recordsOf(text) {
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line)).filter((one) => !one.checkpoint);
}
