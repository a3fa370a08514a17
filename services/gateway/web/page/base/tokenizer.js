// Colours for code. A token never changes or drops a character: the texts of
// the tokens, one after the other, are the code.

const STRINGS = /"(?:[^"\\\n]|\\[^])*"?|'(?:[^'\\\n]|\\[^])*'?/;
const NUMBER = /(?:0[xXbBoO][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?)\b/;
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/u;

const words = (text) => new Set(text.split(' '));

const LANGUAGES = {
  python: {
    rules: [
      ['comment', /#[^\n]*/],
      ['string', /[rRbBuUfF]{0,2}(?:"""[^]*?(?:"""|$(?![^]))|'''[^]*?(?:'''|$(?![^])))/],
      ['string', new RegExp(`[rRbBuUfF]{0,2}(?:${STRINGS.source})`)],
      ['call', /@[\w.]+/],
      ['number', NUMBER],
      ['name', NAME],
    ],
    keywords: words('and as assert async await break class continue def del elif else except False finally for from ' +
      'global if import in is lambda match None nonlocal not or pass raise return True try while with yield'),
    calls: words('eval exec compile open input __import__ getattr setattr globals system popen Popen run check_output'),
  },
  js: {
    rules: [
      ['comment', /\/\/[^\n]*|\/\*[^]*?(?:\*\/|$(?![^]))/],
      ['string', new RegExp(`\`(?:[^\`\\\\]|\\\\[^])*\`?|${STRINGS.source}`)],
      ['number', NUMBER],
      ['name', NAME],
    ],
    keywords: words('async await break case catch class const continue debugger default delete do else export extends ' +
      'false finally for function if import in instanceof let new null of return static super switch this throw true ' +
      'try typeof undefined var void while with yield'),
    calls: words('eval Function require exec execSync spawn spawnSync fetch process child_process'),
  },
  sh: {
    rules: [
      ['comment', /(?<=^|[\s;&|()])#[^\n]*/m],
      ['string', /'[^']*'?|"(?:[^"\\]|\\[^])*"?/],
      ['variable', /\$(?:\{[^}\n]*\}?|[A-Za-z_]\w*|[0-9@*#?$!-])/],
      ['operator', /&&|\|\||;;|>>|<<<?|[|;&<>()`]/],
      ['number', /(?<![\w.-])[0-9]+(?![\w.-])/],
      ['name', /[A-Za-z_][\w.-]*/],
    ],
    keywords: words('case do done elif else esac export fi for function if in local readonly return select set then ' +
      'trap unset until while'),
    calls: words('rm sudo su chmod chown dd mkfs curl wget nc ssh scp eval exec source kill shutdown reboot crontab ' +
      'base64 python python3 perl sh bash git docker'),
  },
  json: {
    rules: [
      ['key', /"(?:[^"\\\n]|\\[^])*"(?=\s*:)/],
      ['string', /"(?:[^"\\\n]|\\[^])*"?/],
      ['number', /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\b/],
      ['name', /[a-z]+/],
    ],
    keywords: words('true false null'),
    calls: new Set(),
  },
  diff: {
    rules: [
      ['new', /^\+[^\n]*/m],
      ['gone', /^-[^\n]*/m],
      ['comment', /^@@[^\n]*/m],
    ],
    keywords: new Set(),
    calls: new Set(),
  },
};

const ALIASES = {
  py: 'python', python3: 'python', javascript: 'js', node: 'js', nodejs: 'js', typescript: 'js', ts: 'js',
  bash: 'sh', shell: 'sh', zsh: 'sh',
};

// The name comes from an agent: "constructor" is no language.
function languageOf(name) {
  const lower = name.toLowerCase();
  const wanted = Object.hasOwn(ALIASES, lower) ? ALIASES[lower] : lower;
  return Object.hasOwn(LANGUAGES, wanted) ? LANGUAGES[wanted] : null;
}

function kindOf(language, kind, text) {
  if (kind !== 'name') return kind;
  if (language.keywords.has(text)) return 'keyword';
  return language.calls.has(text) ? 'call' : '';
}

/**
 * Cuts code into tokens.
 * @param {string} code
 * @param {string} name Its language; another one than sh, python, js, json and
 *     diff has one token without a kind.
 * @returns {{kind: string, text: string}[]} The kind may be empty.
 */
export function tokensOf(code, name) {
  const language = languageOf(name);
  if (language === null) return code === '' ? [] : [{ kind: '', text: code }];
  const rules = language.rules.map(([kind, pattern]) =>
    [kind, new RegExp(pattern.source, `y${pattern.flags.replace('y', '')}`)]);
  const tokens = [];
  let plain = 0;
  let at = 0;
  const flush = () => {
    if (plain < at) tokens.push({ kind: '', text: code.slice(plain, at) });
  };
  while (at < code.length) {
    const found = matchAt(rules, code, at);
    const kind = found === null ? '' : kindOf(language, found[0], found[1]);
    const length = found === null ? 1 : found[1].length;
    if (kind === '') {
      at += length;
      continue;
    }
    flush();
    tokens.push({ kind, text: found[1] });
    at += length;
    plain = at;
  }
  flush();
  return tokens;
}

function matchAt(rules, code, at) {
  for (const [kind, pattern] of rules) {
    pattern.lastIndex = at;
    const match = pattern.exec(code);
    if (match !== null && match[0] !== '') return [kind, match[0]];
  }
  return null;
}

/**
 * Puts tokens into lines: a token of several lines becomes one in each.
 * @param {{kind: string, text: string}[]} tokens
 * @returns {{kind: string, text: string}[][]}
 */
export function linesOf(tokens) {
  const lines = [[]];
  for (const { kind, text } of tokens) {
    text.split('\n').forEach((part, number) => {
      if (number > 0) lines.push([]);
      if (part !== '') lines[lines.length - 1].push({ kind, text: part });
    });
  }
  return lines;
}
