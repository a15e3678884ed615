/** NDJSON: one event a line, the stream's version first. Codes and data are API, additive only. */
import { EVENT_FORMAT, type SlipwayEvent } from '../../engine/events.ts';

export function jsonLine(event: SlipwayEvent): string {
  return `${JSON.stringify(event)}\n`;
}

export function versionEvent(time: string, slipway: string): SlipwayEvent {
  return { type: 'version', format: EVENT_FORMAT, slipway, time };
}
