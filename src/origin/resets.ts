/**
 * Tells a reset by another code. undici takes ECONNRESET for the right end of a body that the end of its connection
 * delimits, as some systems reset where others close; but such a body is cut short, and must be neither stored nor passed
 * on as complete (RFC 9112 section 8). To be called before undici's own listener, which reads the code.
 */
export function renameReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'ECONNABORTED';
}
