// Times and durations as proto3 JSON has them, and as people read them.

const MAX_IGNORED_SKEW_MS = 2000;
let skewMs = 0;

/**
 * Learns how far this machine's clock is off, from a Date header.
 * @param {string | null} date
 */
export function noticeServerTime(date) {
  const server = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(server)) return;
  const skew = server - Date.now();
  skewMs = Math.abs(skew) > MAX_IGNORED_SKEW_MS ? skew : 0;
}

/** The gateway's time in milliseconds, within two seconds. */
export function now() {
  return Date.now() + skewMs;
}

/**
 * Milliseconds of an RFC 3339 time; NaN if there is none.
 * @param {string | null | undefined} time
 */
export function millisOf(time) {
  return time ? Date.parse(time) : NaN;
}

/**
 * Milliseconds of a duration such as "1.5s"; 0 if there is none.
 * @param {string | null | undefined} duration
 */
export function durationMillis(duration) {
  return duration ? Number.parseFloat(duration) * 1000 : 0;
}

/**
 * A duration for people: "850 ms", "12 s", "4 min 10 s", "2 h 5 min", "3 d 1 h".
 * @param {number} millis
 */
export function durationText(millis) {
  if (!Number.isFinite(millis)) return '';
  const absolute = Math.max(0, millis);
  if (absolute === 0) return '0 s';
  if (absolute < 1) return `${absolute.toFixed(2)} ms`;
  if (absolute < 1000) return `${Math.round(absolute)} ms`;
  if (absolute < 10000) return `${(absolute / 1000).toFixed(1)} s`;
  const seconds = Math.round(absolute / 1000);
  const [days, hours, minutes] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  const two = (first, second) => (second.startsWith('0') ? first : `${first} ${second}`);
  if (days > 0) return two(`${days} d`, `${hours} h`);
  if (hours > 0) return two(`${hours} h`, `${minutes} min`);
  if (minutes > 0) return two(`${minutes} min`, `${seconds % 60} s`);
  return `${seconds} s`;
}

/**
 * A countdown: "4:09", "1:02:03"; "0:00" when it is over.
 * @param {number} millis
 */
export function countdownText(millis) {
  const seconds = Math.max(0, Math.ceil(millis / 1000));
  const pad = (number) => String(number).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

/**
 * A moment in this browser's zone: "2026-11-27 14:03:07".
 * @param {string | null | undefined} time RFC 3339.
 */
export function momentText(time) {
  const millis = millisOf(time);
  if (Number.isNaN(millis)) return '';
  const date = new Date(millis);
  const pad = (number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/**
 * How long ago a moment is: "12 s ago".
 * @param {string | null | undefined} time RFC 3339.
 * @param {number} at Now.
 */
export function agoText(time, at) {
  const millis = millisOf(time);
  if (Number.isNaN(millis)) return '';
  const past = at - millis;
  return past < 1000 ? 'just now' : `${durationText(Math.floor(past / 1000) * 1000)} ago`;
}

/**
 * The RFC 3339 time of the value of an <input type="datetime-local">;
 * undefined if that is empty.
 * @param {string} local
 */
export function timeOfLocal(local) {
  if (!local) return undefined;
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
