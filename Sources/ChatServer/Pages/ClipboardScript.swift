extension Pages {
  /// `/static/clipboard.js`: copying, also where the page came over plain HTTP.
  static let clipboardScript = #"""
    /**
     * Copies the text of an element. True when it is in the clipboard; otherwise it is left
     * selected, one key press away.
     */
    export async function copyText(element) {
      // Browsers give navigator.clipboard to secure pages only, and a lab's server is on http://.
      if (navigator.clipboard) {
        try {
          await navigator.clipboard.writeText(element.textContent);
          return true;
        } catch { /* not allowed: the old way may be */ }
      }
      const selection = window.getSelection();
      selection.removeAllRanges();
      const range = document.createRange();
      range.selectNodeContents(element);
      selection.addRange(range);
      const copied = document.execCommand("copy");
      if (copied) selection.removeAllRanges();
      return copied;
    }
    """#
}
