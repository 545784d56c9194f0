/** Directives that lb follows, as ModSecurity's manual spells them; hints name them. */
export const DIRECTIVE_NAMES: readonly string[] = [
  'SecRule SecAction SecMarker SecDefaultAction SecRuleRemoveById SecRuleRemoveByTag SecRuleRemoveByMsg',
  'SecRuleUpdateTargetById SecRuleUpdateTargetByTag SecRuleUpdateTargetByMsg SecRuleUpdateActionById SecRuleEngine',
  'SecRequestBodyAccess SecRequestBodyLimit SecRequestBodyNoFilesLimit SecRequestBodyLimitAction',
  'SecRequestBodyJsonDepthLimit SecResponseBodyAccess SecResponseBodyLimit SecResponseBodyLimitAction',
  'SecResponseBodyMimeType SecResponseBodyMimeTypesClear SecArgumentSeparator SecArgumentsLimit SecCookieFormat',
  'SecXmlExternalEntity SecParseXmlIntoArgs SecUploadFileLimit SecCollectionTimeout SecComponentSignature SecWebAppId',
  'SecSensorId SecUnicodeMapFile Include IncludeOptional',
].flatMap((line) => line.split(' '));
