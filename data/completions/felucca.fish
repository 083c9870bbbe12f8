# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of felucca(1) for fish. Names come from the daemon, which is started for them as for any
# other call, but waited for no longer than a second; and it never asks the user for anything then.

function __felucca_names
    command felucca __complete $argv[1] 2>/dev/null
end

# Ids are for who has begun to type one: each database is there once, by its name.
function __felucca_targets_or_ids
    if string match -qr -- '^[^/-][^/]*$' (commandline -ct)
        __felucca_names stored
    else
        __felucca_names targets
    end
end

# How many operands stand before this word, the verb not counted.
function __felucca_operands_are
    set -l n 0
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if string match -qr -- '^(--backend|--format|--tenant|--label|--ttl|--overlap|--request-id|--env|-[bftloe])$' $word
            set skip 1
        else if not string match -q -- '-*' $word
            set n (math $n + 1)
        end
    end
    test $n -eq (math $argv[1] + 1)
end

# What is behind --, completed as if it stood alone.
function __felucca_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    complete -C (string join ' ' -- (string escape -- $words[(math $at + 1)..-1]) (commandline -ct))
end

function __felucca_wishes
    set -l name (commandline -ct | string match -r -g '^(?:--env=|-e)?([^=]+)=' | tail -n 1)
    and printf "$name=%s\n" password url json conninfo
end

set -l verbs sign-in sign-out create get run list rotate revoke prune unresolved status backends
set -l all 'table password url json env nile-env pgpass conninfo'
set -l passwordless sign-in sign-out run list revoke prune unresolved status backends

complete -c felucca -f

complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a sign-in -d 'Sign in with a browser or a token'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a sign-out -d 'Forget the sign-in of a backend'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a create -d 'Mint a new credential'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a get -d 'Hand out a stored credential'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a run -d 'Run a command that is logged in'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a list -d 'List stored credentials'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a rotate -d 'Replace a credential by a new one'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a revoke -d 'Delete credentials'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a prune -d 'Show or remove what is of no use any more'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a unresolved -d 'List mints of unknown outcome, or settle one'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a status -d 'Show whether everything is in order'
complete -c felucca -n "not __fish_seen_subcommand_from $verbs" -a backends -d 'List the configured backends'

complete -c felucca -s b -l backend -x -a '(__felucca_names backends)' -d 'Backend instance to use'
complete -c felucca -n "not __fish_seen_subcommand_from $passwordless" -s f -l format -x -a $all -d 'Format of the output'
complete -c felucca -n "__fish_seen_subcommand_from $passwordless" -s f -l format -x -a 'table json' -d 'Format of the output'
complete -c felucca -s j -l json -d 'Same as --format json'
complete -c felucca -l no-prompt -d 'Fail rather than ask the user anything'
complete -c felucca -s q -l quiet -d 'Say nothing but errors on standard error'
complete -c felucca -l version -d 'Show the version'
complete -c felucca -s h -l help -d 'Show help'

complete -c felucca -n '__fish_seen_subcommand_from sign-in' -l token-stdin -d 'Read the token from standard input'
complete -c felucca -n '__fish_seen_subcommand_from sign-in' -l no-browser -d 'Show the address and open no browser'
complete -c felucca -n '__fish_seen_subcommand_from sign-out' -l revoke-credentials -d 'First revoke every stored credential'
complete -c felucca -n '__fish_seen_subcommand_from create get run' -s t -l tenant -x -a '(__felucca_names tenants)' -d 'Limited to this tenant'
complete -c felucca -n '__fish_seen_subcommand_from create get run' -l internal -d 'An internal credential'
complete -c felucca -n '__fish_seen_subcommand_from create rotate' -s l -l label -x -d 'Label of the keyring item'
complete -c felucca -n '__fish_seen_subcommand_from create' -l request-id -x -d 'A repeat gets the same credential'
complete -c felucca -n '__fish_seen_subcommand_from create get run rotate' -l ttl -x -d 'How long it is to live'
complete -c felucca -n '__fish_seen_subcommand_from get run' -s c -l create -d 'Mint one when none is stored'
complete -c felucca -n '__fish_seen_subcommand_from run' -s e -l env -x -a '(__felucca_wishes)' -d 'Put the credential into a variable'
complete -c felucca -n '__fish_seen_subcommand_from run' -l revoke-on-exit -d 'Mint one for this command alone, and revoke it at the end'
complete -c felucca -n '__fish_seen_subcommand_from run; and contains -- -- (commandline -opc)' -a '(__felucca_command)'
complete -c felucca -n '__fish_seen_subcommand_from list' -s p -l provider -d 'Ask the provider too'
complete -c felucca -n '__fish_seen_subcommand_from rotate' -s o -l overlap -x -d 'How long the old one lives on'
complete -c felucca -n '__fish_seen_subcommand_from prune' -s y -l yes -d 'Do it instead of showing what would go'
complete -c felucca -n '__fish_seen_subcommand_from revoke; and not __fish_seen_subcommand_from unresolved' -l local-only -d 'Only forget it here'

set -l no_act '__fish_seen_subcommand_from backends; and not __fish_seen_subcommand_from check reset'
complete -c felucca -n $no_act -a check -d 'Say whether a file is a usable backend'
complete -c felucca -n $no_act -a reset -d 'Let a backend run again that crashed or failed'
complete -c felucca -n '__fish_seen_subcommand_from backends; and __fish_seen_subcommand_from check' -F

set -l no_action '__fish_seen_subcommand_from unresolved; and not __fish_seen_subcommand_from revoke keep forget'
complete -c felucca -n $no_action -a revoke -d 'End what was minted, at the provider'
complete -c felucca -n $no_action -a keep -d 'Leave what was minted alive'
complete -c felucca -n $no_action -a forget -d 'Drop the record only'
complete -c felucca -n '__fish_seen_subcommand_from unresolved; and __fish_seen_subcommand_from revoke keep forget' -a '(__felucca_names intents)' -d Intent

complete -c felucca -n '__fish_seen_subcommand_from create; and __felucca_operands_are 0' -a '(__felucca_names targets)'
complete -c felucca -n '__fish_seen_subcommand_from get run; and __felucca_operands_are 0' -a '(__felucca_targets_or_ids)'
complete -c felucca -n '__fish_seen_subcommand_from list prune; and __felucca_operands_are 0' -a '(__felucca_names scopes)'
complete -c felucca -n '__fish_seen_subcommand_from rotate; and __felucca_operands_are 0' -a '(__felucca_names ids)'
complete -c felucca -n '__fish_seen_subcommand_from revoke; and not __fish_seen_subcommand_from unresolved' -a '(__felucca_names ids)'
complete -c felucca -n '__fish_seen_subcommand_from sign-in sign-out; and __felucca_operands_are 0' -a '(__felucca_names backends)'
complete -c felucca -n '__fish_seen_subcommand_from backends; and __fish_seen_subcommand_from reset; and __felucca_operands_are 1' -a '(__felucca_names backends)'
