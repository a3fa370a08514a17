// Ranges of time that one chooses by a word, such as "7d".

import { now } from './time.js';

const HOUR_MS = 3600000;

/** [value, text] pairs for a choice. */
export const RANGES = [
  ['1h', 'last hour'], ['6h', 'last 6 hours'], ['24h', 'last 24 hours'], ['7d', 'last 7 days'], ['30d', 'last 30 days'],
];

const MILLIS = { '1h': HOUR_MS, '6h': 6 * HOUR_MS, '24h': 24 * HOUR_MS, '7d': 168 * HOUR_MS, '30d': 720 * HOUR_MS };

/**
 * A ReportRange that ends now. Begins at a full minute, so that the same
 * choice is the same request for a while.
 * @param {string} name
 * @param {string} agent May be empty.
 */
export function rangeOf(name, agent = '') {
  const from = Math.floor((now() - (MILLIS[name] || MILLIS['24h'])) / 60000) * 60000;
  const range = { fromTime: new Date(from).toISOString() };
  if (agent !== '') range.agent = agent;
  return range;
}

/** The word in use: `name` if there is such a range, else `fallback`. */
export const rangeName = (name, fallback) => (Object.hasOwn(MILLIS, name || '') ? name : fallback);
