; The set-up program for Windows, made by `cargo xtask dist`.
;
;   setup.exe                       asks; for all accounts where its user administers the computer, else for this one
;   setup.exe /S                    asks nothing
;   setup.exe /CurrentUser          for this account, without administrator rights; /AllUsers for all
;   setup.exe /ONLY=helpme          without the console; /ONLY=console without Helpme; /ONLY=purepc PurePC alone
;   setup.exe /HUB=ADDRESS /FINGERPRINT=HEX    sets Helpme up for that hub
;   setup.exe /AllUsers /PUREPC='LINE' [/PASSWORD-FILE=FILE]   PurePC too: a service, enrolled with the line that the
;                              administrator of the hub made, and opened by the password in the first line of the file
;   setup.exe /D=FOLDER             where to, as the last word and without quotation marks
;   uninstall.exe /S                removes the programs and keeps what they remember; with /DATA that too

; a program for 64 bits, as those that it installs
Target amd64-unicode
!define PRODUCT "Pure Help Desk"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${PRODUCT}"
!define CLASS "Software\Classes\helpme"

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_USE_PROGRAMFILES64
!define MULTIUSER_INSTALLMODE_INSTDIR "${PRODUCT}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${UNINSTALL}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "InstallLocation"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${UNINSTALL}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "InstallLocation"
!include MultiUser.nsh
!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

Name "${PRODUCT}"
OutFile "${OUT}"
!ifdef FAST
SetCompressor zlib
!else
SetCompressor /SOLID lzma
!endif
; files have the time of the version and not of whoever packaged them
SetDateSave on
ManifestDPIAware true
ManifestSupportedOS Win10
BrandingText "${PRODUCT} ${VERSION}"
VIProductVersion "${FOUR_NUMBERS}"
VIAddVersionKey ProductName "${PRODUCT}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "${PRODUCT} set-up"
VIAddVersionKey LegalCopyright "The Pure Help Desk contributors"

!define MUI_ICON "${FILES}/icon.ico"
!define MUI_UNICON "${FILES}/icon.ico"
!define MUI_COMPONENTSPAGE_SMALLDESC
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "Italian"

LangString HelpmeTold ${LANG_ENGLISH} "For those who need help: type a ticket, say yes or no."
LangString HelpmeTold ${LANG_ITALIAN} "Per chi ha bisogno di aiuto: si scrive il ticket e si risponde sì o no."
LangString ConsoleTold ${LANG_ENGLISH} "For those who help: tickets, remote sessions, reports."
LangString ConsoleTold ${LANG_ITALIAN} "Per chi aiuta: ticket, sessioni remote, rapporti."
LangString PurePcTold ${LANG_ENGLISH} "For computers with nobody in front: a service for operators who know its password."
LangString PurePcTold ${LANG_ITALIAN} "Per computer senza nessuno davanti: un servizio per gli operatori che ne conoscono la password."
LangString Console ${LANG_ENGLISH} "Pure Help Desk (console)"
LangString Console ${LANG_ITALIAN} "Pure Help Desk (console)"
LangString Programs ${LANG_ENGLISH} "The programs"
LangString Programs ${LANG_ITALIAN} "I programmi"
LangString Data ${LANG_ENGLISH} "What they remember for this account"
LangString Data ${LANG_ITALIAN} "Ciò che ricordano per questo account"

; A program that runs cannot be replaced, but it can be renamed: a session goes on with the old one.
!macro PutProgram NAME
    ${If} ${FileExists} "$INSTDIR\${NAME}"
        ClearErrors
        Delete "$INSTDIR\${NAME}"
        ${If} ${Errors}
            Delete "$INSTDIR\${NAME}.old"
            Rename "$INSTDIR\${NAME}" "$INSTDIR\${NAME}.old"
            Delete /REBOOTOK "$INSTDIR\${NAME}.old"
        ${EndIf}
    ${EndIf}
    File "${FILES}/${NAME}"
!macroend

Section "-common"
    SetOutPath "$INSTDIR"
    File "${FILES}/LICENSE.txt"
    File "${FILES}/third-party-licences.txt"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayName" "${PRODUCT}"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr SHCTX "${UNINSTALL}" "DisplayIcon" "$INSTDIR\uninstall.exe"
    WriteRegStr SHCTX "${UNINSTALL}" "Publisher" "The Pure Help Desk contributors"
    WriteRegStr SHCTX "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr SHCTX "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
    WriteRegStr SHCTX "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
    WriteRegDWORD SHCTX "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD SHCTX "${UNINSTALL}" "NoRepair" 1
SectionEnd

Section "Helpme" Helpme
    SetOutPath "$INSTDIR"
    !insertmacro PutProgram helpme.exe
    CreateShortcut "$SMPROGRAMS\Helpme.lnk" "$INSTDIR\helpme.exe"
    WriteRegStr SHCTX "${CLASS}" "" "URL:Helpme"
    WriteRegStr SHCTX "${CLASS}" "URL Protocol" ""
    WriteRegStr SHCTX "${CLASS}\shell\open\command" "" '"$INSTDIR\helpme.exe" "%1"'
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/HUB=" $1
    ${GetOptions} $0 "/FINGERPRINT=" $2
    ${IfNot} ${Errors}
        FileOpen $3 "$INSTDIR\helpme.json" w
        FileWrite $3 '{ "address": "$1", "fingerprint": "$2" }$\r$\n'
        FileClose $3
    ${EndIf}
SectionEnd

Section "$(Console)" ConsoleSection
    SetOutPath "$INSTDIR"
    !insertmacro PutProgram pure-help-desk.exe
    CreateShortcut "$SMPROGRAMS\${PRODUCT}.lnk" "$INSTDIR\pure-help-desk.exe"
SectionEnd

Section /o "PurePC" PurePC
    ${If} $MultiUser.InstallMode != "AllUsers"
        DetailPrint "PurePC is a service, which only administrators install."
        SetErrorLevel 3
        Return
    ${EndIf}
    SetOutPath "$INSTDIR"
    !insertmacro PutProgram purepc.exe
    ReadEnvStr $3 ProgramData
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/PUREPC=" $1
    ${IfNot} ${Errors}
    ${AndIf} $1 != ""
        StrCpy $4 ""
        ClearErrors
        ${GetOptions} $0 "/PASSWORD-FILE=" $2
        ${IfNot} ${Errors}
            StrCpy $4 ' --password-file "$2"'
        ${EndIf}
        nsExec::ExecToLog '"$INSTDIR\purepc.exe" enroll "$1" --unless-enrolled --folder "$3\purepc"$4'
        Pop $0
        ${If} $0 != 0
            ; the program is there, and can be enrolled by hand
            DetailPrint "PurePC is not enrolled."
            SetErrorLevel 4
            Return
        ${EndIf}
    ${EndIf}
    ; one that is not enrolled has nothing to run for
    nsExec::ExecToLog '"$INSTDIR\purepc.exe" install --if-enrolled'
    Pop $0
    ${If} $0 != 0
        DetailPrint "The service of PurePC does not start."
        SetErrorLevel 5
    ${EndIf}
SectionEnd

Section "-size"
    ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
    WriteRegDWORD SHCTX "${UNINSTALL}" "EstimatedSize" $0
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
    !insertmacro MUI_DESCRIPTION_TEXT ${Helpme} $(HelpmeTold)
    !insertmacro MUI_DESCRIPTION_TEXT ${ConsoleSection} $(ConsoleTold)
    !insertmacro MUI_DESCRIPTION_TEXT ${PurePC} $(PurePcTold)
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
    SetRegView 64
    ; a folder of the command line counts more than the usual one
    StrCpy $R9 "$INSTDIR"
    !insertmacro MULTIUSER_INIT
    ${If} $R9 != ""
        StrCpy $INSTDIR "$R9"
    ${EndIf}
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/ONLY=" $1
    ${IfNot} ${Errors}
        ${If} $1 == "helpme"
            !insertmacro UnselectSection ${ConsoleSection}
        ${ElseIf} $1 == "console"
            !insertmacro UnselectSection ${Helpme}
        ${ElseIf} $1 == "purepc"
            !insertmacro UnselectSection ${Helpme}
            !insertmacro UnselectSection ${ConsoleSection}
            !insertmacro SelectSection ${PurePC}
        ${EndIf}
    ${EndIf}
    ClearErrors
    ${GetOptions} $0 "/PUREPC=" $1
    ${IfNot} ${Errors}
        !insertmacro SelectSection ${PurePC}
    ${EndIf}
    ; a newer set-up renews the service that is there
    ${If} ${FileExists} "$INSTDIR\purepc.exe"
        !insertmacro SelectSection ${PurePC}
    ${EndIf}
FunctionEnd

Section "un.$(Programs)" UnPrograms
    SectionIn RO
    ${If} ${FileExists} "$INSTDIR\purepc.exe"
        nsExec::ExecToLog '"$INSTDIR\purepc.exe" uninstall'
        Pop $0
    ${EndIf}
    ; names that are known, and never the folder with whatever else is in it
    Delete /REBOOTOK "$INSTDIR\purepc.exe"
    Delete /REBOOTOK "$INSTDIR\purepc.exe.old"
    Delete /REBOOTOK "$INSTDIR\helpme.exe"
    Delete /REBOOTOK "$INSTDIR\helpme.exe.old"
    Delete /REBOOTOK "$INSTDIR\pure-help-desk.exe"
    Delete /REBOOTOK "$INSTDIR\pure-help-desk.exe.old"
    Delete "$INSTDIR\helpme.json"
    Delete "$INSTDIR\LICENSE.txt"
    Delete "$INSTDIR\third-party-licences.txt"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    Delete "$SMPROGRAMS\Helpme.lnk"
    Delete "$SMPROGRAMS\${PRODUCT}.lnk"
    ; another Helpme may open links by now
    ReadRegStr $0 SHCTX "${CLASS}\shell\open\command" ""
    ${If} $0 == '"$INSTDIR\helpme.exe" "%1"'
        DeleteRegKey SHCTX "${CLASS}"
    ${EndIf}
    DeleteRegKey SHCTX "${UNINSTALL}"
SectionEnd

Section /o "un.$(Data)" UnData
    SetShellVarContext current
    RMDir /r "$APPDATA\${PRODUCT}"
    RMDir /r "$LOCALAPPDATA\${PRODUCT}"
    ${If} $MultiUser.InstallMode == "AllUsers"
        ReadEnvStr $0 ProgramData
        RMDir /r "$0\purepc"
    ${EndIf}
SectionEnd

Function un.onInit
    SetRegView 64
    !insertmacro MULTIUSER_UNINIT
    ${GetParameters} $0
    ClearErrors
    ${GetOptions} $0 "/DATA" $1
    ${IfNot} ${Errors}
        !insertmacro SelectSection ${UnData}
    ${EndIf}
FunctionEnd
