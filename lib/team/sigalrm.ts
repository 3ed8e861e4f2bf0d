/** The signal SIGALRM, by which the system ends this process after a time, through the C library. */
import { C_LIBRARY } from "../c_library.ts";
import { mayCallNative } from "../permissions.ts";

const ALARM = { alarm: { parameters: ["u32"], result: "u32" } } as const;

/**
 * Ends this process after a number of seconds, even within a call that never returns; 0 cancels the
 * alarm. On systems without alarms it does nothing.
 */
export type Alarm = (seconds: number) => void;

/** The longest alarm, 68 years: the C function takes a number of 32 bits. */
const MOST_SECONDS = 2 ** 31 - 1;

/** The alarm of this system. */
export function systemAlarm(): Alarm {
  if (!C_LIBRARY || !mayCallNative()) return () => {};
  try {
    const { symbols } = Deno.dlopen(C_LIBRARY, ALARM);
    return (seconds) => void symbols.alarm(Math.min(seconds, MOST_SECONDS));
  } catch {
    return () => {}; // a C library without `alarm()`
  }
}
