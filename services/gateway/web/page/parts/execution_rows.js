// Executions as rows of a table.

import { html } from '../vendor/preact-htm.js';
import { durationText, millisOf } from '../base/time.js';
import { kindWord, resultText, resultTone } from '../base/words.js';
import { Chip, Moment, Said, Table } from './basics.js';
import { useNow } from './hooks.js';

const runTime = ({ startTime, endTime }) => (startTime && endTime ? durationText(millisOf(endTime) - millisOf(startTime)) : '');

/**
 * @param {{caption: string, executions: object[], withAgent?: boolean}} props
 */
export function ExecutionTable({ caption, executions, withAgent = true }) {
  const at = useNow(10000);
  const head = ['Execution', ...(withAgent ? ['Agent'] : []), 'Action', 'Result', 'Ran for', 'Decided by', 'When'];
  return html`<${Table} caption=${caption} numbers=${['Ran for']} head=${head}>${executions.map((one) => html`<tr key=${one.id}>
    <td><a class="id" href=${`/executions/${encodeURIComponent(one.id)}`}>${one.id}</a></td>
    ${withAgent && html`<td><${Said} text=${one.agent} /></td>`}
    <td>${kindWord(one.actionKind)}${one.session ? html` <span class="quiet">in <${Said} text=${one.session} /></span>` : ''}</td>
    <td><${Chip} tone=${resultTone(one)}>${resultText(one)}<//></td>
    <td class="number">${runTime(one)}</td>
    <td><${Said} text=${one.decision?.rule || ''} /></td>
    <td><${Moment} time=${one.createTime} at=${at} /></td></tr>`)}<//>`;
}
