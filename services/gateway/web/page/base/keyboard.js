// Keys that work wherever nobody types.

const bindings = [];

const TYPED_INTO = 'input, textarea, select, [contenteditable]';

/**
 * Binds keys until the returned function is called. What was bound last wins.
 * @param {Object<string, () => void>} keys By KeyboardEvent.key, such as "j".
 */
export function bindKeys(keys) {
  bindings.push(keys);
  return () => {
    const at = bindings.indexOf(keys);
    if (at >= 0) bindings.splice(at, 1);
  };
}

/** Begins to listen. */
export function listenToKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && event.key.length > 1) return;
    if (event.target.closest(TYPED_INTO) !== null || document.querySelector('dialog[open]') !== null) return;
    for (let i = bindings.length - 1; i >= 0; --i) {
      const action = bindings[i][event.key];
      if (action !== undefined) {
        event.preventDefault();
        action();
        return;
      }
    }
  });
}
