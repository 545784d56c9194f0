/** The flags of the settings table as options of a command. */

import { type Command, Option } from 'commander';
import type { Setting } from '../config/setting.ts';
import { SETTINGS } from '../config/settings.ts';
import { defaultText } from '../config/settings-page.ts';
import type { FlagValue } from '../config/text-layers.ts';

/** The settings flags of one command line, in its order. Root and subcommand fill the same list. */
export interface GivenFlags {
  readonly flags: FlagValue[];
  /** `-c`. */
  file: string | undefined;
}

export function noFlags(): GivenFlags {
  return { flags: [], file: undefined };
}

/** Adds `-c` and every flag of the settings table; what is given goes to `given`. */
export function addSettingFlags(command: Command, given: GivenFlags): Command {
  for (const setting of SETTINGS) {
    for (const shortcut of setting.shortcuts ?? []) {
      const prose = `${shortcut.prose.replace(/\.$/, '')} (${shortcut.env})`;
      command.addOption(optionFor(shortcut.flag, `${shortcut.flag} <GLOBS>`, prose, given));
    }
    if (!setting.flag) continue;
    const name = setting.short ?? setting.flag;
    const value = setting.placeholder ?? 'VALUE';
    const placeholder = setting.bare === undefined ? `<${value}>` : `[${value}]`;
    const flags = `${setting.short ? `${setting.short}, ` : ''}${setting.flag} ${placeholder}`;
    const option = optionFor(name, flags, describe(setting), given);
    command.addOption(setting.bare === undefined ? option : option.preset(setting.bare));
  }
  const config = new Option('-c, --config <FILE>', 'Settings file (default: lb.json in this folder, LB_CONFIG)');
  return command.addOption(
    config.argParser((file) => {
      given.file = file;
      return file;
    }),
  );
}

function optionFor(flag: string, flags: string, description: string, given: GivenFlags): Option {
  return new Option(flags, description).argParser((value) => {
    given.flags.push({ flag, value });
    return value;
  });
}

/** The first sentence, the default and the variable. */
function describe(setting: Setting): string {
  const [sentence] = setting.help ? [setting.help] : (/^.*?(?=\. |\.$|: )/.exec(setting.prose) ?? [setting.prose]);
  const text = defaultText(setting);
  const notes = [text && `default: ${text}`, setting.env].filter((note) => note);
  return `${sentence.replaceAll('`', '')} (${notes.join(', ').replaceAll('`', '')})`;
}
