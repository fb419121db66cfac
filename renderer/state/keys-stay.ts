/**
 * For the parts of the window that the pointer works while the keys work the video: a click there takes no focus, and ends
 * typing, so that the next key is for the video again. The keyboard reaches everything in them as before.
 */
export function keysStay(element: HTMLElement): () => void {
  const onMouseDown = (event: MouseEvent): void => {
    if (event.target instanceof Element && event.target.closest('input, textarea, select')) return;
    event.preventDefault();
    const focused = document.activeElement;
    if (focused instanceof HTMLElement && focused.matches('input, textarea')) focused.blur();
  };
  element.addEventListener('mousedown', onMouseDown);
  return () => element.removeEventListener('mousedown', onMouseDown);
}
