# SPDX-FileCopyrightText: The felucca authors
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of felucca(1) for bash. What is fixed; intents only from a daemon that runs: completing
# must not start it.

_felucca_intents()
{
  busctl --user --auto-start=no --timeout=1 call org.felucca.Credentials1 /org/felucca/Credentials1 \
    org.felucca.Credentials1 ListUnresolved 2>/dev/null | grep -oE '"intent" s "[0-9A-Fa-f-]+"' | cut -d '"' -f 4
}

_felucca()
{
  local -A options=(
    [sign-in]='--token-stdin --no-browser'
    [sign-out]='--revoke-credentials'
    [create]='--tenant --internal --ttl --label --request-id'
    [get]='--create --tenant --internal --ttl'
    [list]='--provider'
    [rotate]='--overlap --ttl --label'
    [revoke]='--local-only'
    [prune]='--yes'
    [unresolved]=''
    [status]=''
    [backends]=''
  )
  local verbs='sign-in sign-out create get list rotate revoke prune unresolved status backends'
  local globals='--backend --format --json --no-prompt --quiet --version --help'
  local formats='table password url json env nile-env pgpass conninfo'
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local word verb='' skip='' words operands=()

  # In COMP_WORDS --format=url is three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ $word == '=' ]]; then
      skip=yes
    elif [[ -n $skip ]]; then
      skip=''
    elif [[ $word == --backend || $word == -b || $word == --format || $word == -f ]]; then
      skip=yes
    elif [[ -z $verb && " $verbs " == *" $word "* ]]; then
      verb=$word
    elif [[ -n $verb && $word != -* ]]; then
      operands+=("$word")
    fi
  done

  case $previous in
    --format | -f)
      words=$formats
      [[ -z $verb || $verb == create || $verb == get || $verb == rotate ]] || words='table json'
      ;;
    --backend | -b | --tenant | -t | --label | -l | --request-id | --ttl | --overlap | -o)
      words=''
      ;;
    *)
      words="$globals ${verb:+${options[$verb]}}"
      [[ -n $verb || $current == -* ]] || words=$verbs
      [[ -z $verb || $current == -* ]] || words=''
      if [[ $verb == backends && $current != -* && ${#operands[@]} == 0 ]]; then
        words='check reset'
      elif [[ $verb == backends && $current != -* && ${operands[0]} == check ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
      elif [[ $verb == unresolved && $current != -* ]]; then
        case ${#operands[@]} in
          0) words='revoke keep forget' ;;
          1) words=$(_felucca_intents) ;;
        esac
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _felucca felucca
