/** Whether tests that repeat something by chance do so for as long as a release is worth: `LB_TEST_LONG=1 npm test`. */
export const IS_LONG = process.env.LB_TEST_LONG === '1';
