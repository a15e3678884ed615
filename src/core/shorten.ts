/** Text of others for a sentence of ours: what is longer ends in dots. */
export function shorten(text: string, length = 300): string {
  return text.length > length ? `${text.slice(0, length - 3)}...` : text;
}
