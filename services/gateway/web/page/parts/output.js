// The output of an execution, live.

import { Component, html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { follow, streamAddress } from '../base/events.js';
import { OutputLog } from '../base/output_log.js';
import { Choice, Failure } from './basics.js';
import { bytesText } from '../base/words.js';

const DRAW_MS = 100;
const STREAMS = [['', 'both'], ['OUTPUT_STREAM_STDOUT', 'standard output'], ['OUTPUT_STREAM_STDERR', 'standard error']];

class Part extends Component {
  shouldComponentUpdate() {
    return false;
  }

  render({ part }) {
    const stderr = part.stream === 'OUTPUT_STREAM_STDERR';
    return html`<span class=${stderr ? 'stderr' : 'stdout'}>${part.pieces.map(({ text, mark, style }) => {
      const names = [style, mark && 'mark'].filter(Boolean).join(' ');
      return names === '' ? text : html`<span class=${names}>${text}</span>`;
    })}</span>`;
  }
}

/**
 * Watches an execution.
 * @param {string} id
 * @param {(event: object) => void} onEvent Gets each ExecutionEvent but output.
 * @returns {{log: OutputLog, state: string, error: Error | null}} `state` is
 *     "starting", "live", "lost" or "ended".
 */
export function useWatch(id, onEvent) {
  const log = useRef(null);
  const listener = useRef(onEvent);
  listener.current = onEvent;
  const [view, setView] = useState({ state: 'starting', error: null });
  useEffect(() => {
    log.current = new OutputLog();
    let timer = 0;
    const draw = () => {
      timer = 0;
      setView((old) => ({ ...old }));
    };
    const stop = follow(
      () => streamAddress('ExecutionService', 'WatchExecution', { id, ...log.current.offsets() }),
      {
        onOpen: () => setView({ state: 'live', error: null }),
        onLost: () => setView({ state: 'lost', error: null }),
        onEnd: (end) => {
          log.current.finish();
          setView({ state: 'ended', error: end.code ? end : null });
        },
        onMessage: ({ event }) => {
          if (event.output) log.current.take(event.output);
          else listener.current(event);
          if (timer === 0) timer = setTimeout(draw, DRAW_MS);
        },
      });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id]);
  return { log: log.current, ...view };
}

const STATES = {
  starting: 'connecting', live: 'live', lost: 'connection lost, trying again', ended: 'complete',
};

/**
 * The output.
 * @param {{watch: object}} props Of useWatch().
 */
export function Output({ watch }) {
  const [stream, setStream] = useState('');
  const [tail, setTail] = useState(true);
  const frame = useRef(null);
  const { log } = watch;
  useEffect(() => {
    if (tail && watch.state === 'live') frame.current.scrollTop = frame.current.scrollHeight;
  });
  const parts = (log?.parts || []).filter((part) => stream === '' || part.stream === stream);
  return html`<section class="panel" aria-label="Output">
    <div class="head"><h2>Output</h2><span class=${`live live-${watch.state}`} role="status">${STATES[watch.state]}</span>
      <${Choice} label="Stream" value=${stream} options=${STREAMS} onChange=${setStream} />
      <label class="check"><input type="checkbox" checked=${tail} onChange=${(event) => setTail(event.target.checked)} /> follow</label></div>
    ${watch.error && html`<${Failure} error=${watch.error} />`}
    ${log !== null && log.dropped > 0 && html`<p class="cut">The first ${bytesText(log.dropped)} are not kept by this page.</p>`}
    <pre class="output action-frame" dir="ltr" ref=${frame} tabindex="0" role="log" aria-label="Output of the process" aria-live="off">
      ${parts.map((part) => html`<${Part} key=${part.id} part=${part} />`)}</pre>
    ${parts.length === 0 && html`<p class="quiet">${watch.state === 'ended' ? 'It wrote nothing that is kept.' : 'Nothing yet.'}</p>`}
  </section>`;
}
