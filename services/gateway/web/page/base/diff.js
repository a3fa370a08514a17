// Differences between two texts by line, found by Myers' algorithm.

const MAX_EDITS = 2000;

/**
 * The lines of both texts in order, each with what happened to it.
 * @param {string} before
 * @param {string} after
 * @returns {{change: 'same' | 'gone' | 'new', text: string}[]} Texts that
 *     differ in more than 2000 lines are told as all gone and all new.
 */
export function diffLines(before, after) {
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  const trace = traceOf(old, fresh);
  if (trace === null) {
    return [...old.map((text) => ({ change: 'gone', text })), ...fresh.map((text) => ({ change: 'new', text }))];
  }
  return wayBack(old, fresh, trace);
}

// The furthest x on each diagonal after each number of edits; null: too many.
function traceOf(old, fresh) {
  const most = Math.min(old.length + fresh.length, MAX_EDITS);
  const furthest = new Map([[1, 0]]);
  const trace = [];
  for (let edits = 0; edits <= most; ++edits) {
    trace.push(new Map(furthest));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = diagonal === -edits ||
        (diagonal !== edits && furthest.get(diagonal - 1) < furthest.get(diagonal + 1));
      let x = down ? furthest.get(diagonal + 1) : furthest.get(diagonal - 1) + 1;
      let y = x - diagonal;
      while (x < old.length && y < fresh.length && old[x] === fresh[y]) {
        ++x;
        ++y;
      }
      furthest.set(diagonal, x);
      if (x >= old.length && y >= fresh.length) return trace;
    }
  }
  return null;
}

function wayBack(old, fresh, trace) {
  const lines = [];
  let [x, y] = [old.length, fresh.length];
  for (let edits = trace.length - 1; edits >= 0; --edits) {
    const furthest = trace[edits];
    const diagonal = x - y;
    const down = diagonal === -edits ||
      (diagonal !== edits && furthest.get(diagonal - 1) < furthest.get(diagonal + 1));
    const fromX = edits === 0 ? 0 : furthest.get(down ? diagonal + 1 : diagonal - 1);
    const fromY = edits === 0 ? 0 : fromX - (down ? diagonal + 1 : diagonal - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0 && old[x - 1] === fresh[y - 1]) {
      lines.push({ change: 'same', text: old[--x] });
      --y;
    }
    if (edits === 0) break;
    if (down) lines.push({ change: 'new', text: fresh[--y] });
    else lines.push({ change: 'gone', text: old[--x] });
  }
  return lines.reverse();
}

/**
 * Keeps `around` same lines beside each change; longer runs become one entry
 * with change "fold" and the number of lines.
 * @param {{change: string, text: string}[]} lines
 * @param {number} around
 */
export function foldSame(lines, around = 3) {
  const near = new Array(lines.length).fill(false);
  lines.forEach(({ change }, at) => {
    if (change === 'same') return;
    near.fill(true, Math.max(0, at - around), Math.min(lines.length, at + around + 1));
  });
  const folded = [];
  lines.forEach((line, at) => {
    const last = folded[folded.length - 1];
    if (near[at]) folded.push(line);
    else if (last?.change === 'fold') ++last.count;
    else folded.push({ change: 'fold', text: '', count: 1 });
  });
  return folded;
}
