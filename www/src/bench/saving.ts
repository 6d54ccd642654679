/** Files that the reader saves. */

import { h } from "../view/dom";

/** Hands a file to the browser, which puts it where downloads go. */
export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = h("a", { href: address, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  // Not at once: the browser fetches it only after this.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
