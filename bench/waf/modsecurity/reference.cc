// Asks ModSecurity itself what a transformation or an operator makes of values, for comparison.
//   reference RULES < values      RULES: a file of SecLang, whose rules look at ARGS and tell by logdata
// Each line of the input is a value in hexadecimal; each line of the output holds `id=logdata` of the rules that matched,
// separated by tabs. Build: g++ -O1 -o reference reference.cc -lmodsecurity
#include <modsecurity/modsecurity.h>
#include <modsecurity/rule_message.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

#include <iostream>
#include <string>

namespace {

void collect(void *data, const void *message) {
    auto *line = static_cast<std::string *>(data);
    auto *rule = static_cast<const modsecurity::RuleMessage *>(message);
    if (!line->empty()) *line += '\t';
    *line += std::to_string(rule->m_ruleId) + "=" + rule->m_data;
}

std::string bytes(const std::string &hex) {
    std::string out;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

}  // namespace

int main(int count, char **arguments) {
    if (count != 2) return 2;
    modsecurity::ModSecurity engine;
    engine.setServerLogCb(collect, modsecurity::RuleMessageLogProperty);
    modsecurity::RulesSet rules;
    if (rules.loadFromUri(arguments[1]) < 0) {
        std::cerr << rules.getParserError() << std::endl;
        return 1;
    }
    std::string hex;
    while (std::getline(std::cin, hex)) {
        std::string line;
        modsecurity::Transaction transaction(&engine, &rules, &line);
        transaction.processConnection("127.0.0.1", 1, "127.0.0.1", 80);
        transaction.addArgument("GET", "v", bytes(hex), 0);
        transaction.processURI("/", "GET", "1.1");
        transaction.processRequestHeaders();
        transaction.processRequestBody();
        std::cout << line << '\n';
    }
}
