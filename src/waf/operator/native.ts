/** The native addon is a CommonJS module without named exports. */
import appsec from '@datadog/native-appsec';

export const { DDWAF } = appsec;
export type DDWAF = InstanceType<typeof appsec.DDWAF>;
